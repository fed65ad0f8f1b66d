import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { FastifyRequest } from 'fastify'
import { linger, partsOf, type StoredPart, storePart } from '../../form-parts.ts'
import { problem } from '../../problems.ts'
import { failure } from './errors.ts'
import { bareName, type MediaFile, MOST_FILE_BYTES, mediaFileOf, requireExtension } from './media-files.ts'
import { type Fields, missing, wrong } from './request.ts'

/** A form as it came: its fields by name, and its one file as a blob, which belongs to whoever asked for it. */
export type MediaForm = { readonly fields: Fields; readonly file: StoredPart; readonly media: MediaFile }

const FIELDS = 50
const FIELD_BYTES = 64 * 1024
const ALL_FIELDS = 1024 * 1024

/** Does what comes before a form is read; where that fails, the rest of the form is read and thrown away, so that its sender sees the answer. */
export async function beforeForm<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    linger(request)
    throw error
  }
}

/**
 * Reads a multipart form with one part `source`, in whatever order its parts come; a part without a file name is a file where its type is
 * `application/octet-stream`. The file goes to the store as it arrives. What its sender declares counts for nothing.
 *
 * Leaves nothing behind when anything goes wrong, at whatever byte. Raises 400, 413 and 415 (contract, section 4), and what storing files
 * raises.
 */
export async function readMediaForm(
  request: FastifyRequest,
  blobs: Blobs,
  { app, maxBytes }: { readonly app: string; readonly maxBytes: number },
): Promise<MediaForm> {
  if (!request.isMultipart()) throw failure('badRequest', "Send the file as part 'source' of multipart/form-data")
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + ALL_FIELDS) {
    // The vendor's client sends all of it before it looks for an answer; a file that may come would take as long.
    linger(request, 2 * MOST_FILE_BYTES)
    throw problem('file_too_large')
  }
  const fields: Record<string, unknown> = {}
  let file: (StoredPart & { readonly media: MediaFile }) | null = null
  let left = ALL_FIELDS
  try {
    for await (const part of partsOf(request, { files: 2, fields: FIELDS, fieldBytes: FIELD_BYTES })) {
      if (part.type === 'file') {
        if (file !== null || part.fieldname !== 'source') throw failure('badRequest', "Send one file, as part 'source'")
        file = await take(part)
      } else {
        const { fieldname, value, valueTruncated, fieldnameTruncated } = part
        if (typeof value !== 'string') throw failure('badRequest', 'The fields of a form should be text')
        left -= value.length
        if (left < 0 || valueTruncated || fieldnameTruncated) throw failure('tooLarge')
        if (Object.hasOwn(fields, fieldname)) throw wrong(fieldname, 'should be given once')
        if (fieldname !== '__proto__') fields[fieldname] = value
      }
    }
    if (file === null) throw missing('source')
    const { media, ...stored } = file
    return { fields, file: { ...stored, filename: media.filename, contentType: media.mediaType }, media }
  } catch (error) {
    if (file !== null) await blobs.delete(file.stored.blob)
    throw error
  } finally {
    linger(request)
  }

  async function take(part: Parameters<typeof storePart>[0]) {
    const name = bareName(part.filename)
    if (name !== null) requireExtension(name)
    const stored = await storePart({ ...part, mimetype: '' }, blobs, app, maxBytes)
    try {
      return { ...stored, media: mediaFileOf(name, stored) }
    } catch (error) {
      await blobs.delete(stored.stored.blob)
      throw error
    }
  }
}
