import type { Blobs } from '@gatehouse/storage/blobs/port'

/** Small blobs that are asked for often, in memory: one copy for all receivers, bounded in bytes. */
export type HotBlobs = {
  /** The bytes if they are in memory. */
  peek(blob: string): Buffer | undefined
  /** Reads a small blob, keeps it, and answers it; null where there is none. Simultaneous callers share one read. */
  load(blob: string): Promise<Buffer | null>
  /** Forgets a blob that was deleted. */
  forget(blob: string): void
}

/** Creates the memory on a store; `capacity` is in bytes. */
export function createHotBlobs(blobs: Blobs, capacity: number): HotBlobs {
  const kept = new Map<string, Buffer>()
  const loading = new Map<string, Promise<Buffer | null>>()
  let bytes = 0

  function keep(blob: string, body: Buffer): void {
    if (body.length > capacity) return
    kept.set(blob, body)
    bytes += body.length
    for (const [oldest, dropped] of kept) {
      if (bytes <= capacity) break
      kept.delete(oldest)
      bytes -= dropped.length
    }
  }

  async function read(blob: string): Promise<Buffer | null> {
    const handle = await blobs.open(blob)
    if (handle === null) return null
    try {
      const body = Buffer.allocUnsafeSlow(handle.size)
      let filled = 0
      for await (const chunk of handle.read(0, handle.size)) {
        body.set(chunk, filled)
        filled += chunk.length
      }
      if (loading.has(blob)) keep(blob, body)
      return body
    } finally {
      await handle.close()
    }
  }

  return {
    peek(blob) {
      const body = kept.get(blob)
      // Moving what is used to the end keeps the map in order of last use; a short list needs no such care.
      if (body !== undefined && bytes > capacity / 2) {
        kept.delete(blob)
        kept.set(blob, body)
      }
      return body
    },
    load(blob) {
      const under = loading.get(blob)
      if (under !== undefined) return under
      const started = read(blob).finally(() => loading.delete(blob))
      loading.set(blob, started)
      return started
    },
    forget(blob) {
      loading.delete(blob)
      const body = kept.get(blob)
      if (body === undefined) return
      kept.delete(blob)
      bytes -= body.length
    },
  }
}
