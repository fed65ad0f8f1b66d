import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

/** A body that is made while it is sent; `length` in bytes is known before. */
export type StreamedBody = {
  readonly contentType: string
  readonly length: number
  readonly chunks: () => AsyncIterable<Uint8Array>
}

/** Nobody answered; `cause` is what the system says. */
export class Unreached extends Error {
  override readonly name = 'Unreached'
}

/** How long the connection may be silent. */
const SILENCE_MILLISECONDS = 60_000

/**
 * Posts a body and answers status and text. An answer that comes before the whole body was sent counts, since that is how a
 * server refuses an upload early. Raises {@link Unreached}, an AbortError, and whatever making the body raises.
 */
export function streamedPost(
  url: string,
  body: StreamedBody,
  options: { readonly headers: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestSecure : requestPlain
    const outgoing = request(url, {
      method: 'POST',
      headers: { ...options.headers, 'content-type': body.contentType, 'content-length': body.length },
      timeout: SILENCE_MILLISECONDS,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    let answered = false
    let fault: unknown = null
    const fail = (error: Error) => {
      if (!answered)
        reject(fault ?? (error.name === 'AbortError' ? error : new Unreached(error.message, { cause: error })))
    }
    outgoing.on('response', (incoming) => {
      answered = true
      textOf(incoming).then(
        (text) => resolve({ status: incoming.statusCode ?? 0, text }),
        (error) => reject(new Unreached('the answer broke off', { cause: error })),
      )
    })
    // The pipeline no longer listens once the whole body is sent.
    outgoing.on('error', fail)
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer for a minute')))
    const chunks = watched(body.chunks(), (error) => {
      fault = error
    })
    pipeline(Readable.from(chunks, { objectMode: false }), outgoing).catch(fail)
  })
}

/** Tells faults of the source itself; not those that a reader throws into it. */
async function* watched(source: AsyncIterable<Uint8Array>, onFault: (error: unknown) => void) {
  const iterator = source[Symbol.asyncIterator]()
  const next = () =>
    iterator.next().catch((error) => {
      onFault(error)
      throw error
    })
  try {
    for (let step = await next(); step.done !== true; step = await next()) yield step.value
  } finally {
    await iterator.return?.()
  }
}
