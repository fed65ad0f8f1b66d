import type { Attachment } from '@gatehouse/storage/records/port'
import type { Settings } from '../settings.ts'
import type { Validators } from './conditional.ts'
import { disposition } from './disposition.ts'
import { isInline } from './inline-types.ts'

/** An attachment as it goes out: everything about the answer that is the same for every receiver, made once. */
export type Representation = Validators & {
  readonly blob: string
  readonly size: number
  /** Headers of 200, 206 and 304, flat (name, value, name, value …) as `writeHead` takes them, without length and range. */
  readonly headers: readonly string[]
  /** Those of them that guard an answer, and tell who else may get it: for answers without the file, too. */
  readonly guards: readonly string[]
}

/**
 * Prepares the answer for an attachment under the settings of its app. Protected bytes must be asked for again at each use
 * (`private, no-cache`), so that a right taken back is noticed; public ones too, since they can become private.
 */
export function represent(attachment: Attachment, settings: Settings): Representation {
  const etag = `"${Buffer.from(attachment.sha256, 'hex').toString('base64url')}"`
  const modified = Math.floor(attachment.createdAt / 1000)
  const inline = isInline(attachment.contentType, settings.inlinePdf)
  const guards = [
    'X-Content-Type-Options',
    'nosniff',
    'Content-Security-Policy',
    "sandbox; default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'Referrer-Policy',
    'no-referrer',
    'Cross-Origin-Resource-Policy',
    settings.embedding,
    'X-Frame-Options',
    'DENY',
    'Vary',
    'Authorization, Cookie, Origin',
  ]
  const headers = [
    'Content-Type',
    attachment.contentType,
    'Content-Disposition',
    disposition(inline ? 'inline' : 'attachment', attachment.filename),
    'ETag',
    etag,
    'Last-Modified',
    new Date(modified * 1000).toUTCString(),
    'Accept-Ranges',
    'bytes',
    'Cache-Control',
    cacheControl(attachment, settings),
    ...guards,
  ]
  return { etag, modified, blob: attachment.blob, size: attachment.size, headers, guards }
}

function cacheControl(attachment: Attachment, settings: Settings): string {
  if (settings.noStore) return 'no-store'
  return attachment.access === 'public' ? 'no-cache' : 'private, no-cache'
}
