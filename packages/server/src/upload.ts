import type { MultipartValue } from '@fastify/multipart'
import { isId } from '@gatehouse/core/resource'
import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { FastifyRequest } from 'fastify'
import { linger, partsOf, type StoredPart, storePart } from './form-parts.ts'
import { invalid, type Problem, problem, type Violation } from './problems.ts'

/** A complete upload: the file is a durable blob, the fields are checked. Whoever gets one owns the blob. */
export type Upload = StoredPart & {
  readonly access: 'private' | 'public' | null
  readonly from: string | null
  readonly recipients: readonly string[] | null
}

/** Bytes of all fields together. */
const FIELD_BYTES = 4 * 1024 * 1024
const FIELDS = 10_000

/**
 * Reads a multipart form with exactly one part `file` and the fields `access`, `from` and `recipients` (repeated, or one
 * JSON array), in any order. The file goes to the store as it arrives and is never held whole.
 *
 * Leaves nothing behind when anything goes wrong, at whatever byte. Raises `unsupported_media_type`, `malformed_form`,
 * `form_too_large`, `file_too_large`, `validation_failed`, and what the store raises.
 */
export async function receiveUpload(
  request: FastifyRequest,
  blobs: Blobs,
  { app, maxBytes }: { app: string; maxBytes: number },
): Promise<Upload> {
  if (!request.isMultipart()) throw problem('unsupported_media_type', 'Send the file as multipart/form-data.')
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + FIELD_BYTES) {
    linger(request)
    throw problem('file_too_large')
  }
  const fields = createFields()
  let file: StoredPart | null = null
  try {
    for await (const part of partsOf(request, { files: 2, fields: FIELDS, fieldBytes: FIELD_BYTES })) {
      if (part.type === 'field') fields.take(part)
      else if (file !== null || part.fieldname !== 'file') throw oneFile()
      else file = await storePart(part, blobs, app, maxBytes)
    }
    if (file === null) throw oneFile()
    return { ...file, ...fields.finish() }
  } catch (error) {
    if (file !== null) await blobs.delete(file.stored.blob)
    throw error
  } finally {
    linger(request)
  }
}

function oneFile(): Problem {
  return invalid({ path: '/file', message: 'must be exactly one part with a file name' })
}

/** Collects the fields and what is wrong with them. */
function createFields() {
  const errors: Violation[] = []
  const single = new Map<string, string>()
  const recipients: string[] = []
  let named = false
  let size = 0

  function takeRecipients(value: unknown) {
    named = true
    const list = typeof value === 'string' && value.startsWith('[') ? parseList(value) : value
    for (const uid of Array.isArray(list) ? list : [list]) {
      if (typeof uid === 'string' && isId(uid)) recipients.push(uid)
      else if (errors.length < 100) errors.push({ path: '/recipients', message: 'must be ids of users' })
    }
  }

  return {
    take({ fieldname, value, valueTruncated, fieldnameTruncated }: MultipartValue) {
      size += typeof value === 'string' ? value.length : JSON.stringify(value).length
      if (size > FIELD_BYTES || valueTruncated || fieldnameTruncated) throw problem('form_too_large')
      if (fieldname === 'recipients') takeRecipients(value)
      else if (fieldname !== 'access' && fieldname !== 'from') {
        const message = fieldname === 'file' ? 'must be a part with a file name' : 'is not known here'
        errors.push({ path: `/${fieldname}`, message })
      } else if (typeof value !== 'string') errors.push({ path: `/${fieldname}`, message: 'must be text' })
      else if (single.has(fieldname)) errors.push({ path: `/${fieldname}`, message: 'must stand there once' })
      else single.set(fieldname, value)
      if (errors.length > 100) throw invalid(...errors)
    },
    finish(): Pick<Upload, 'access' | 'from' | 'recipients'> {
      const access = single.get('access') ?? null
      const from = single.get('from') ?? null
      if (access !== null && access !== 'private' && access !== 'public') {
        errors.push({ path: '/access', message: 'must be private or public' })
      }
      if (from !== null && !isId(from)) errors.push({ path: '/from', message: 'must be the id of a user' })
      if (errors.length > 0) throw invalid(...errors)
      return {
        access: access as Upload['access'],
        from,
        recipients: named ? [...new Set(recipients)] : null,
      }
    },
  }
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
