import type { Readable } from 'node:stream'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { BlobsUnavailable } from './port.ts'
import { s3Fault } from './s3-fault.ts'

/** An object that never changes, and how long to wait for it in milliseconds. */
export type S3Object = {
  readonly client: S3Client
  readonly Bucket: string
  readonly Key: string
  readonly size: number
  /** For the head of an answer. */
  readonly answerMs: number
  /** For the next bytes, while somebody wants them. */
  readonly stallMs: number
}

/**
 * Reads a part of an object, in chunks as the network brings them. Ending the iteration early ends the connection.
 *
 * A connection that waits for a slow viewer may be cut; reading then goes on where it ended, as long as every new
 * connection brings something. Raises RangeError where the part is not inside the object, `BlobsUnavailable` where bytes are missing.
 */
export async function* readObject(object: S3Object, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  if (!(start >= 0 && start <= end && end <= object.size)) {
    throw new RangeError(`bytes ${start} to ${end} are not inside a blob of ${object.size}`)
  }
  let position = start
  while (position < end) {
    const from = position
    try {
      for await (const chunk of readOnce(object, from, end)) {
        position += chunk.byteLength
        yield chunk
      }
    } catch (error) {
      if (position === from) throw s3Fault(error)
    }
  }
}

/** One answer of the bucket: exactly the bytes asked for, or an error. */
async function* readOnce(object: S3Object, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  const { client, Bucket, Key, answerMs, stallMs } = object
  const command = new GetObjectCommand({ Bucket, Key, Range: `bytes=${start}-${end - 1}` })
  // The time is for the answer's head only: the signal must not end the body.
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), answerMs)
  const answer = await client.send(command, { abortSignal: late.signal }).finally(() => clearTimeout(timer))
  const body = answer.Body as Readable
  try {
    if (answer.ContentLength !== end - start) throw new BlobsUnavailable('the bucket answers with another part')
    yield* exactly(body, end - start, stallMs)
  } finally {
    body.destroy()
  }
}

/** The bytes of an answer, as many as were asked for; raises where there are others, or where the store stands still. */
async function* exactly(body: Readable, length: number, stallMs: number): AsyncGenerator<Uint8Array, void> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  let missing = length
  while (missing > 0) {
    const timer = setTimeout(() => body.destroy(new Error(`nothing came for ${stallMs} ms`)), stallMs)
    const next = await chunks.next().finally(() => clearTimeout(timer))
    if (next.done) throw new BlobsUnavailable(`the bucket ends a blob ${missing} bytes before its end`)
    missing -= next.value.byteLength
    if (missing < 0) throw new BlobsUnavailable('the bucket answers with more than was asked for')
    yield next.value
  }
}
