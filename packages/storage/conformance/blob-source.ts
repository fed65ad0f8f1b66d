/** Bytes that differ from place to place, so that a part in the wrong place is found. */
export function patternBytes(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed >>> 0 || 1
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** The bytes as a stream of chunks of one size. */
export async function* inChunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

/** The first `failAt` bytes as a stream, and then the error. */
export async function* failingAt(bytes: Uint8Array, failAt: number, error: Error): AsyncGenerator<Uint8Array, void> {
  yield* inChunks(bytes.subarray(0, failAt))
  throw error
}

/** A source that gives some bytes and then nothing more until it is told to. */
export function gatedSource(bytes: Uint8Array) {
  const waiting = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    yield* inChunks(bytes)
    waiting.resolve()
    await gate.promise
  }
  return {
    chunks: chunks(),
    /** Resolves once all bytes are taken and more is asked for. */
    waiting: waiting.promise,
    /** Lets the stream end. */
    end: () => gate.resolve(),
  }
}

/** All bytes of an iteration. Copies each chunk, since it is valid only until the next. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const copies: Uint8Array[] = []
  for await (const chunk of chunks) copies.push(new Uint8Array(chunk))
  return Buffer.concat(copies)
}
