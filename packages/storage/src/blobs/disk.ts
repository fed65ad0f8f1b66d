import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { makeFolder } from '../folder.ts'
import { blobPath, isBlobName, newBlobName } from './blob-name.ts'
import { createBuffers } from './buffers.ts'
import { createDescriptors } from './descriptors.ts'
import { diskFault, errorCode } from './fault.ts'
import { ownerMark, ownerState } from './owner.ts'
import { readPooled } from './pooled-read.ts'
import { type Blobs, DiskFull } from './port.ts'
import { measureUpload } from './upload.ts'

/** Where blobs are kept on a disk, and how much of the machine they may use. */
export type DiskBlobsOptions = {
  /** The data folder. Blobs lie in `blobs/{app}/{2 hex}/{32 hex}` below it, uploads on their way in `tmp/`. */
  readonly folder: string
  /** Free bytes that uploads leave to everybody else; default 64 MiB, but at most a twentieth of the file system. */
  readonly reserveBytes?: number
  /** What the default is at the least: the room of a `Reserve` that has been given free is not for uploads. */
  readonly heldBackBytes?: number
  /** The most memory for large read buffers; default 32 MiB (see `createBuffers`). */
  readonly bufferBytes?: number
  /** How many files that nobody reads stay open for the next reader; default 256. */
  readonly descriptors?: number
}

/** How old a temporary file of another host must be before it counts as left behind. */
const FOREIGN_MS = 24 * 60 * 60 * 1000
/** How often, in bytes, an upload looks whether the disk is filling up. */
const LOOK_EVERY = 16 * 1024 * 1024

/**
 * Opens a folder as a store of blobs, making the folders where they are not there.
 *
 * An upload goes to a temporary file in the same file system, which is hashed while it is written, synced, renamed, and its
 * folder synced, before it is answered. Raises `DiskFull` (also before the first byte, where less than the reserve is free)
 * and `BlobsUnavailable`.
 */
export async function openDiskBlobs(options: DiskBlobsOptions): Promise<Blobs> {
  const folder = resolve(options.folder)
  const root = join(folder, 'blobs')
  const temporary = join(folder, 'tmp')
  const mark = ownerMark()
  const buffers = createBuffers({ maxBytes: options.bufferBytes ?? 32 * 1024 * 1024 })
  const descriptors = createDescriptors({ keep: options.descriptors ?? 256, idleMs: 5000 })
  const durable = new Set<string>() // folders whose way up to the data folder is synced
  const abandoned = new Set<string>() // temporary files that could not be removed

  await Promise.all([makeFolder(root), makeFolder(temporary)]).catch(raise)
  await syncFolder(folder).catch(raise)
  const { blocks, bsize } = await statfs(folder).catch(raise)
  const reserve = options.reserveBytes ?? Math.max(options.heldBackBytes ?? 0, usualReserve(blocks * bsize))

  const pathOf = (blob: string) => {
    const path = blobPath(blob)
    return path === null ? null : join(root, path)
  }

  async function freeBytes() {
    const { bavail, bsize } = await statfs(root).catch(raise)
    return Math.max(0, bavail * bsize - reserve)
  }

  async function requireRoom() {
    if ((await freeBytes()) === 0) throw new DiskFull('the disk is full but for the reserve')
  }

  /** Tells a file that is not there from a disk that is not there. */
  async function requireRoot(): Promise<null> {
    await Promise.all([stat(root), stat(temporary)]).catch(raise)
    return null
  }

  /** Makes the folder of a blob, with every new name on the way to it synced. */
  async function prepareFolder(target: string) {
    const made = await mkdir(target, { recursive: true })
    if (made === undefined && durable.has(target)) return
    for (let parent = dirname(target); parent.startsWith(root); parent = dirname(parent)) await syncFolder(parent)
    if (durable.size > 100_000) durable.clear()
    durable.add(target)
  }

  async function write(file: FileHandle, pieces: AsyncIterable<Uint8Array>) {
    let untilLook = LOOK_EVERY
    for await (const piece of pieces) {
      await writeWhole(file, piece).catch(raise)
      untilLook -= piece.byteLength
      if (untilLook <= 0) {
        await requireRoom()
        untilLook = LOOK_EVERY
      }
    }
    await file.sync().catch(raise)
  }

  /** Gives a finished temporary file its place, durably; takes it away again where that fails. */
  async function place(from: string, to: string) {
    await prepareFolder(dirname(to))
    await rename(from, to)
    try {
      await syncFolder(dirname(to))
    } catch (error) {
      await unlink(to).catch(() => {})
      throw error
    }
  }

  return {
    async put(app, source, { maxBytes, signal }) {
      const blob = newBlobName(app)
      const upload = measureUpload(source, signal ? { maxBytes, signal } : { maxBytes })
      const name = `${mark}${randomBytes(8).toString('hex')}`
      const path = join(temporary, name)
      try {
        await requireRoom()
        const file = await open(path, 'wx', 0o600).catch(raise)
        try {
          await write(file, upload.pieces)
        } finally {
          await file.close().catch(raise)
        }
        signal?.throwIfAborted()
        await place(path, pathOf(blob) ?? '').catch(raise)
        return { blob, size: upload.size(), sha256: upload.sha256() }
      } catch (error) {
        await unlink(path).catch((fault: unknown) => {
          if (errorCode(fault) !== 'ENOENT') abandoned.add(name)
        })
        throw error
      }
    },

    async open(blob) {
      const path = pathOf(blob)
      if (path === null) return null
      const file = await descriptors.take(path).catch(raise)
      if (!file) return requireRoot()
      return {
        size: file.size,
        read: (start, end) => readPooled(file, buffers, start, end),
        close: async () => file.release(),
      }
    },

    async stat(blob) {
      const path = pathOf(blob)
      if (path === null) return null
      const found = await statOrNull(path)
      return found ? { size: found.size, modifiedAt: Math.floor(found.mtimeMs) } : requireRoot()
    },

    async delete(blob) {
      const path = pathOf(blob)
      if (path === null) return
      descriptors.forget(path)
      await unlink(path).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? requireRoot() : raise(error)))
      descriptors.forget(path)
    },

    async *list() {
      await requireRoot()
      for (const app of await names(root)) {
        for (const part of await names(join(root, app))) {
          const found = await Promise.all(
            (await names(join(root, app, part))).map(async (file) => {
              const blob = `${app}/${file}`
              const status = isBlobName(blob) ? await statOrNull(join(root, app, part, file)) : null
              return status && { blob, size: status.size, modifiedAt: Math.floor(status.mtimeMs) }
            }),
          )
          const piece = found.filter((item) => item !== null)
          if (piece.length > 0) yield piece
        }
      }
    },

    async sweep(olderThan) {
      await requireRoot()
      let removed = 0
      for (const name of await names(temporary)) {
        const owner = abandoned.has(name) ? 'gone' : ownerState(name)
        if (owner === 'alive') continue // an upload in progress, here or in another thread or process
        const before = owner === 'gone' ? olderThan : Math.min(olderThan, Date.now() - FOREIGN_MS)
        const path = join(temporary, name)
        const found = await statOrNull(path)
        if (!found || found.mtimeMs >= before) continue
        await unlink(path).catch(raise)
        abandoned.delete(name)
        removed++
      }
      return removed
    },

    free: freeBytes,
    location: blobPath,
    async ping() {
      await requireRoot()
    },
    async close() {
      descriptors.close()
    },
  }
}

function raise(error: unknown): never {
  throw diskFault(error)
}

async function syncFolder(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten
}

/** What is in a folder; nothing where there is none. */
async function names(path: string): Promise<string[]> {
  return readdir(path).catch((error: unknown) => {
    const code = errorCode(error)
    return code === 'ENOENT' || code === 'ENOTDIR' ? [] : raise(error)
  })
}

async function statOrNull(path: string) {
  return stat(path).catch((error: unknown) => (errorCode(error) === 'ENOENT' ? null : raise(error)))
}

function usualReserve(diskBytes: number): number {
  return Math.min(64 * 1024 * 1024, Math.floor(diskBytes / 20))
}
