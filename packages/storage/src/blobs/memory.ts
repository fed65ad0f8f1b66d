import { newBlobName } from './blob-name.ts'
import { type Blobs, DiskFull } from './port.ts'
import { measureUpload } from './upload.ts'

/**
 * Keeps blobs in memory, for tests and trials: nothing survives the process. `maxBytes` is how much all blobs may take
 * together (default: 256 MiB); beyond it `DiskFull` is raised.
 */
export function createMemoryBlobs({ maxBytes = 256 * 1024 * 1024 }: { maxBytes?: number } = {}): Blobs {
  const blobs = new Map<string, { readonly bytes: Uint8Array; readonly modifiedAt: number }>()
  let used = 0 // uploads in progress included

  return {
    async put(app, source, options) {
      const blob = newBlobName(app)
      const upload = measureUpload(source, options)
      const pieces: Uint8Array[] = []
      try {
        for await (const piece of upload.pieces) {
          if (used + piece.byteLength > maxBytes) throw new DiskFull(`no room beyond ${maxBytes} bytes of memory`)
          used += piece.byteLength
          pieces.push(new Uint8Array(piece)) // a copy: the source may use its buffer again
        }
        options.signal?.throwIfAborted()
      } catch (error) {
        for (const piece of pieces) used -= piece.byteLength
        throw error
      }
      blobs.set(blob, { bytes: Buffer.concat(pieces), modifiedAt: Date.now() })
      return { blob, size: upload.size(), sha256: upload.sha256() }
    },
    async open(blob) {
      const bytes = blobs.get(blob)?.bytes
      if (!bytes) return null
      return {
        size: bytes.byteLength,
        async *read(start, end) {
          if (!(start >= 0 && start <= end && end <= bytes.byteLength)) throw new RangeError('bytes outside the blob')
          if (end > start) yield new Uint8Array(bytes.subarray(start, end))
        },
        async close() {},
      }
    },
    async stat(blob) {
      const found = blobs.get(blob)
      return found ? { size: found.bytes.byteLength, modifiedAt: found.modifiedAt } : null
    },
    async delete(blob) {
      used -= blobs.get(blob)?.bytes.byteLength ?? 0
      blobs.delete(blob)
    },
    async *list() {
      if (blobs.size === 0) return
      yield [...blobs].map(([blob, { bytes, modifiedAt }]) => ({ blob, size: bytes.byteLength, modifiedAt }))
    },
    sweep: async () => 0,
    free: async () => maxBytes - used,
    location: () => null,
    async ping() {},
    async close() {},
  }
}
