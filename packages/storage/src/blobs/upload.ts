import { createHash } from 'node:crypto'
import { TooLarge } from './port.ts'

/** Longest piece that is hashed and written in one go, so that one large chunk cannot hold the event loop. */
const PIECE = 256 * 1024

/** An upload on its way: its bytes in pieces, and what is known of them once the last has passed. */
export type Upload = {
  /** The bytes in pieces of at most 256 KB. Can be read once. */
  readonly pieces: AsyncIterable<Uint8Array>
  /** Bytes so far. */
  size(): number
  /** Hex SHA-256 of all bytes. MUST be asked for once, after the last piece. */
  sha256(): string
}

/**
 * Measures and hashes a stream of bytes while an adapter writes it. Shared by every adapter.
 * The pieces raise {@link TooLarge} as soon as `maxBytes` is passed, the signal's reason when it aborts (even while the
 * source is silent), and whatever the source raises; in every case the source is told to stop.
 */
export function measureUpload(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, signal }: { maxBytes: number; signal?: AbortSignal },
): Upload {
  const hash = createHash('sha256')
  let size = 0

  async function* pieces(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of abortable(source, signal)) {
      if (size + chunk.byteLength > maxBytes) throw new TooLarge(`more than ${maxBytes} bytes`)
      for (let at = 0; at < chunk.byteLength; at += PIECE) {
        const piece = chunk.subarray(at, at + PIECE)
        hash.update(piece)
        size += piece.byteLength
        yield piece
      }
    }
  }

  return { pieces: pieces(), size: () => size, sha256: () => hash.digest('hex') }
}

/** The same chunks, ended at once by the signal, whatever the source is waiting for. */
async function* abortable(source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
  signal?.throwIfAborted()
  const chunks = source[Symbol.asyncIterator]()
  let stop = (_reason: unknown) => {}
  let ended = false
  const onAbort = () => stop(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    while (true) {
      // A promise of its own for each chunk: racing against one long-lived promise would keep every chunk in memory.
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        stop = reject
        chunks.next().then(resolve, (error: unknown) => {
          ended = true
          reject(error)
        })
      })
      ended = next.done === true
      if (next.done) return
      yield next.value
      signal?.throwIfAborted()
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    // Not awaited: a generator that waits for its own source answers `return` only after that.
    if (!ended) Promise.resolve(chunks.return?.()).catch(() => {})
  }
}
