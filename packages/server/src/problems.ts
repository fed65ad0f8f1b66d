import { BlobsUnavailable, DiskFull, TooLarge } from '@gatehouse/storage/blobs/port'
import { Conflict, Full, Missing, Unavailable } from '@gatehouse/storage/records/port'

/** How an error of the API looks: HTTP status, the problem's title, and one sentence that says what to do. */
export type ProblemEntry = { readonly status: number; readonly title: string; readonly sentence: string }

const entry = (status: number, title: string, sentence: string): ProblemEntry => ({ status, title, sentence })

/**
 * The table of errors of the native API that are not refusals (those are `REASONS` in core, sent by `gate/refuse.ts`). A code never changes its
 * meaning; the reference is generated from both tables.
 */
export const PROBLEMS = {
  validation_failed: entry(400, 'Not valid', 'Correct the parts of the request that `errors` names.'),
  malformed_body: entry(400, 'Body not readable', 'Send one JSON document in UTF-8, complete and without comments.'),
  malformed_form: entry(
    400,
    'Form not readable',
    'Send a complete multipart/form-data body whose boundary is the one in Content-Type (RFC 7578).',
  ),
  malformed_request: entry(400, 'Request not readable', 'Send a well-formed HTTP/1.1 request.'),
  malformed_path: entry(400, 'Path not readable', 'Percent-encode every part of the path exactly once, in UTF-8.'),
  bad_cursor: entry(
    400,
    'Cursor not valid',
    'Use `next` of the page before, unchanged and in the same list, or start without a cursor.',
  ),
  not_found: entry(404, 'Not found', 'There is nothing under this name; check the ids in the path.'),
  route_not_found: entry(404, 'No such call', 'The API has no call with this path; /docs lists those it has.'),
  method_not_allowed: entry(405, 'Method not allowed', 'Use one of the methods that the Allow header names.'),
  conflict: entry(409, 'Conflict', 'What is there already does not go together with the request; read it and decide.'),
  idempotency_in_progress: entry(
    409,
    'Still being worked on',
    'The first request with this Idempotency-Key has no answer yet; ask again in a moment, or read what it has made.',
  ),
  idempotency_conflict: entry(
    422,
    'Idempotency-Key used before',
    'This Idempotency-Key belongs to a request with other content; use a new key for a new request.',
  ),
  grant_exceeded: entry(
    403,
    'Grants exceed your own',
    'A credential passes on only what it holds itself, with the same limits or stricter ones, inside the app of the path.',
  ),
  origin_not_allowed: entry(403, 'Origin not allowed', 'List the origin of the page in `allowedOrigins` of the app.'),
  quota_exceeded: entry(403, 'Quota reached', 'Delete attachments of this app or raise its quota.'),
  body_too_large: entry(413, 'Body too large', 'Send less in one request.'),
  form_too_large: entry(413, 'Form too large', 'Send fewer or shorter fields beside the file.'),
  file_too_large: entry(413, 'File too large', 'Send a smaller file or raise `maxUploadBytes` of the app.'),
  unsupported_media_type: entry(
    415,
    'Content type not supported',
    'Send JSON as application/json and files as multipart/form-data.',
  ),
  file_type_not_allowed: entry(
    415,
    'File type not allowed',
    'Send a file of a type that `allowedExtensions` of the app lists.',
  ),
  unsupported_encoding: entry(415, 'Content encoding not supported', 'Send the body without Content-Encoding.'),
  head_too_large: entry(431, 'Header too large', 'Send fewer or shorter header fields.'),
  request_timeout: entry(408, 'Request too slow', 'Send the whole request faster.'),
  too_many_tries: entry(429, 'Too many tries', 'Wait as long as Retry-After says.'),
  internal: entry(500, 'Fault', 'This is a fault of the server; its log has the details under the id in `instance`.'),
  unavailable: entry(503, 'Not available', 'The database or the file store does not answer; try again.'),
  not_ready: entry(503, 'Not ready', 'The server is starting, stopping, or cannot reach what it depends on.'),
  disk_full: entry(507, 'No room', 'The disk is full; nothing was stored. Make room and send it again.'),
} as const satisfies Record<string, ProblemEntry>

/** The stable code of an error of the API. */
export type ProblemCode = keyof typeof PROBLEMS

/** One thing that is wrong with a request: where (JSON pointer into the body, `?name`, or `{name}`), and what. */
export type Violation = { readonly path: string; readonly message: string }

/** An error of the API on its way to the client. Everything in it may be shown; whatever may not belongs into the log. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  readonly errors: readonly Violation[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    more: { detail?: string; errors?: readonly Violation[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    const { status, title, sentence } = PROBLEMS[code]
    super(more.detail ?? sentence)
    this.code = code
    this.status = status
    this.title = title
    this.errors = more.errors ?? []
    this.headers = more.headers ?? {}
  }
}

/** Makes an error out of the table; `detail` takes the place of the table's sentence. Meant to be thrown. */
export function problem(code: ProblemCode, detail?: string): Problem {
  const headers = PROBLEMS[code].status === 503 ? { 'retry-after': '1' } : {}
  return new Problem(code, detail === undefined ? { headers } : { detail, headers })
}

/** Makes the error that tells everything that is wrong with a request at once. Meant to be thrown. */
export function invalid(...errors: readonly Violation[]): Problem {
  return new Problem('validation_failed', { errors })
}

/**
 * The body of a problem (RFC 9457). `type` is where the reference explains it, relative to the server; `instance` names
 * the request as it stands in the log.
 */
export function problemBody(error: Problem, requestId: string): Record<string, unknown> {
  return {
    type: `/docs/errors#${error.code}`,
    title: error.title,
    status: error.status,
    code: error.code,
    detail: error.message,
    instance: `urn:request:${requestId}`,
    ...(error.errors.length > 0 && { errors: error.errors }),
  }
}

/** Every error as a problem: what storage and the HTTP library raise has a code of its own, everything else is `internal`. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof Unavailable || error instanceof BlobsUnavailable) return problem('unavailable')
  if (error instanceof Full || error instanceof DiskFull) return problem('disk_full')
  if (error instanceof TooLarge) return problem('file_too_large')
  // What the call needs was deleted while it was at work.
  if (error instanceof Missing) return problem('not_found', `There is no such ${error.what}.`)
  if (error instanceof Conflict) {
    return error.what === 'quota'
      ? problem('quota_exceeded')
      : problem('conflict', `This ${error.what} exists already.`)
  }
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown }
  const known = typeof code === 'string' ? HTTP_FAULTS[code] : undefined
  if (known !== undefined) return problem(known)
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return problem('malformed_request')
  return problem('internal')
}

/** What Fastify, its multipart plugin and Node's HTTP parser call their errors. */
const HTTP_FAULTS: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_body',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_request',
  FST_ERR_BAD_URL: 'malformed_path',
  FST_ERR_MAX_PARAM_LENGTH: 'malformed_path',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'unsupported_media_type',
  FST_INVALID_JSON_FIELD_ERROR: 'malformed_form',
  FST_PROTO_VIOLATION: 'malformed_form',
  FST_MP_PREMATURE_CLOSE: 'malformed_form',
  FST_PARTS_LIMIT: 'form_too_large',
  FST_FIELDS_LIMIT: 'form_too_large',
  FST_FILES_LIMIT: 'form_too_large',
  HPE_HEADER_OVERFLOW: 'head_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
}
