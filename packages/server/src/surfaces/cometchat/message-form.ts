import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { FastifyRequest } from 'fastify'
import { linger, partsOf, type StoredPart, storePart } from '../../form-parts.ts'
import { failure } from './errors.ts'
import type { Fields } from './request.ts'

/** A form as it came: its fields by name, and its files as blobs, which belong to whoever asked for it. */
export type Form = { readonly fields: Fields; readonly files: readonly StoredPart[] }

/** What a form may hold: `totalBytes` is for everything together. */
export type FormBounds = {
  readonly app: string
  readonly totalBytes: number
  readonly fileBytes: number
  readonly files: number
}

const FIELDS = 100
const FIELD_BYTES = 256 * 1024

/**
 * Reads a multipart form, in whatever order its parts come: files go to the store as they arrive, since whom they are for may stand
 * behind them. A field that comes more than once has its last value; `tags[]` has all.
 *
 * Leaves nothing behind when anything goes wrong, at whatever byte. Raises ERR_FILE_SIZE_EXCEEDED, and what reading forms and storing
 * files raises.
 */
export async function readForm(
  request: FastifyRequest,
  blobs: Blobs,
  { app, totalBytes, fileBytes, files: most }: FormBounds,
): Promise<Form> {
  if (Number(request.headers['content-length'] ?? 0) > totalBytes) {
    linger(request)
    throw failure('ERR_FILE_SIZE_EXCEEDED')
  }
  const fields: Record<string, unknown> = {}
  const files: StoredPart[] = []
  let left = totalBytes
  try {
    for await (const part of partsOf(request, { files: most + 1, fields: FIELDS, fieldBytes: FIELD_BYTES })) {
      if (part.type === 'file') {
        if (files.length === most) throw failure('ERR_BAD_REQUEST', `A message may have at most ${most} files.`)
        const stored = await storePart(part, blobs, app, Math.min(fileBytes, left))
        files.push(stored)
        left -= stored.stored.size
      } else {
        const { fieldname, value, valueTruncated, fieldnameTruncated } = part
        if (typeof value !== 'string') throw failure('ERR_BAD_REQUEST', 'The fields of a form have to be text.')
        left -= value.length
        if (left < 0 || valueTruncated || fieldnameTruncated) throw failure('ERR_FILE_SIZE_EXCEEDED')
        if (fieldname === 'tags[]') fields.tags = [...((fields.tags as string[] | undefined) ?? []), value]
        else if (fieldname !== '__proto__') fields[fieldname] = value
      }
    }
    return { fields, files }
  } catch (error) {
    for (const { stored } of files) await blobs.delete(stored.blob)
    throw error
  } finally {
    linger(request)
  }
}
