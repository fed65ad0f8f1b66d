import type { ServerResponse } from 'node:http'
import type { BlobHandle } from '@gatehouse/storage/blobs/port'
import type { ByteRange } from './range.ts'

/**
 * Sends part of a blob with back-pressure: the next chunk is asked for only when the last one has left for the socket, since chunks lie in
 * pooled buffers. A read error destroys the connection, so that the client never takes a part for the whole.
 *
 * A reader slower than `minimumBytesPerSecond` is cut. Answers the number of bytes taken by the socket once the response
 * has ended, however it ended. Closes the handle.
 */
export async function sendBlob(
  response: ServerResponse,
  handle: BlobHandle,
  range: ByteRange,
  minimumBytesPerSecond: number,
): Promise<number> {
  let sent = 0
  try {
    for await (const chunk of handle.read(range.start, range.end)) {
      if (response.destroyed) return sent
      const { length } = chunk
      if (!(await written(response, chunk, minimumBytesPerSecond))) return sent
      sent += length
    }
    if (sent === range.end - range.start) response.end()
    else response.destroy()
  } catch {
    response.destroy()
  } finally {
    await handle.close()
  }
  return sent
}

/** Resolves when the chunk has been taken by the kernel; false where the connection went first. */
function written(response: ServerResponse, chunk: Uint8Array, minimumBytesPerSecond: number): Promise<boolean> {
  return new Promise((resolve) => {
    const patience = 1000 * Math.max(5, chunk.length / Math.max(1, minimumBytesPerSecond))
    const tooSlow = setTimeout(() => response.destroy(), patience)
    const done = (taken: boolean) => {
      clearTimeout(tooSlow)
      response.removeListener('close', closed)
      resolve(taken)
    }
    const closed = () => done(false)
    response.once('close', closed)
    response.write(chunk, (error) => done(error === null || error === undefined))
  })
}
