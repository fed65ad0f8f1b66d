import type { MultipartFile, MultipartValue } from '@fastify/multipart'
import type { Blobs, StoredBlob } from '@gatehouse/storage/blobs/port'
import type { FastifyRequest } from 'fastify'
import { watchType } from './content-type.ts'
import type { Detected } from './file-validation.ts'
import { type Problem, problem, problemOf } from './problems.ts'

/** What is still read and thrown away of a form that was given up, so that the client gets to see the answer. */
const LINGER_BYTES = 16 * 1024 * 1024
const LINGER_MS = 10_000

/** How many parts of which kind a form may have; `fieldBytes` bounds each field. */
export type FormLimits = { readonly files: number; readonly fields: number; readonly fieldBytes: number }

/**
 * The parts of a multipart form as they arrive; a file MUST be read to its end before the next part is asked for. Whatever the parser
 * has to say about the form's syntax becomes `malformed_form`; too many parts are `form_too_large`.
 */
export async function* partsOf(
  request: FastifyRequest,
  { files, fields, fieldBytes }: FormLimits,
): AsyncGenerator<MultipartFile | MultipartValue> {
  const parts = request.parts({
    preservePath: true,
    limits: { files, fields, fieldSize: fieldBytes, fileSize: Number.POSITIVE_INFINITY, parts: fields + files },
  })
  for (;;) {
    const next = await parts.next().catch((error: unknown) => {
      throw parserFault(error)
    })
    if (next.done === true) return
    yield next.value
  }
}

function parserFault(error: unknown): Problem {
  const known = problemOf(error)
  return known.code === 'form_too_large' || known.code === 'unsupported_media_type' ? known : problem('malformed_form')
}

/** A file of a form that has become a durable blob. Whoever gets one owns the blob. */
export type StoredPart = {
  readonly stored: StoredBlob
  /** The name as it was sent, without control characters, at most 512 characters; `file` where none was. */
  readonly filename: string
  readonly contentType: string
  /** What the bytes show of themselves, for apps that allow some formats only. */
  readonly detected: Detected
}

/** Puts a file of a form into the store as it arrives. Leaves nothing behind where that fails. Raises what the store raises. */
export async function storePart(part: MultipartFile, blobs: Blobs, app: string, maxBytes: number): Promise<StoredPart> {
  const watch = watchType(part.mimetype)
  let broken: unknown = null
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of part.file as AsyncIterable<Uint8Array>) {
        watch.see(chunk)
        yield chunk
      }
    } catch (error) {
      broken = error
      throw error
    }
  }
  const stored = await blobs.put(app, bytes(), { maxBytes }).catch((error: unknown) => {
    throw error === broken ? parserFault(error) : error
  })
  try {
    const filename = shownName(part.filename)
    return { stored, filename, contentType: await watch.type(), detected: await watch.detected() }
  } catch (error) {
    await blobs.delete(stored.blob)
    throw error
  }
}

/** A name that can be shown: no control characters, not longer than anybody reads. */
function shownName(name: string | undefined): string {
  const clean = (name ?? '').toWellFormed().replaceAll(/\p{Cc}/gu, '_')
  return [...clean].slice(0, 512).join('') || 'file'
}

/**
 * Reads and throws away what is left of a body, within bounds (`bytes`, and ten seconds). Ending the connection at once would make the
 * kernel drop the answer on the way to a client that is still sending.
 */
export function linger(request: FastifyRequest, bytes = LINGER_BYTES): void {
  const { raw } = request
  if (raw.readableEnded || raw.destroyed) return
  let left = bytes
  const deadline = setTimeout(() => raw.destroy(), LINGER_MS).unref()
  raw.once('close', () => clearTimeout(deadline)).once('end', () => clearTimeout(deadline))
  raw.unpipe()
  raw.on('data', (chunk: Uint8Array) => {
    left -= chunk.byteLength
    if (left < 0) raw.destroy()
  })
  raw.resume()
}
