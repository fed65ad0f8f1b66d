import { REASONS, type Reason } from '@gatehouse/core/reasons'
import { Conflict, Missing } from '@gatehouse/storage/records/port'
import { type ProblemCode, problemOf } from '../../problems.ts'

/** How an error of this surface looks: its HTTP status, and the sentence where nothing better is known. */
type ErrorEntry = { readonly status: number; readonly message: string }

const entry = (status: number, message: string): ErrorEntry => ({ status, message })

/**
 * The table of errors (contract, section 6). The client package looks at the code alone and ignores the status; those with
 * a meaning for it are AUTH_ERR_AUTH_TOKEN_NOT_FOUND (it drops its session) and ERR_BAD_REQUEST and ERR_PERMISSION_DENIED (it
 * does not try an upload again).
 */
export const ERRORS = {
  AUTH_ERR_EMPTY_APPID: entry(400, 'The header appId is missing.'),
  AUTH_ERR_INVALID_APPID: entry(401, 'There is no such app; check the header appId.'),
  AUTH_ERR_EMPTY_APIKEY: entry(401, 'The header apiKey is missing.'),
  AUTH_ERR_APIKEY_NOT_FOUND: entry(401, 'The API key is not valid for this app.'),
  AUTH_ERR_NO_ACCESS: entry(403, 'The API key is valid, but its scope does not reach this call.'),
  AUTH_ERR_EMPTY_AUTH_TOKEN: entry(401, 'The header authToken is missing.'),
  AUTH_ERR_AUTH_TOKEN_NOT_FOUND: entry(401, 'The auth token is not valid (any more); log in again.'),
  ERR_UID_NOT_FOUND: entry(404, 'There is no such user.'),
  ERR_UID_ALREADY_EXISTS: entry(409, 'A user with this UID exists already.'),
  ERR_GUID_NOT_FOUND: entry(404, 'There is no such group.'),
  ERR_GUID_ALREADY_EXISTS: entry(409, 'A group with this GUID exists already.'),
  ERR_MESSAGE_ID_NOT_FOUND: entry(404, 'There is no such message.'),
  ERR_NOT_A_MEMBER: entry(403, 'The user is no member of this group.'),
  ERR_GROUP_NOT_JOINED: entry(403, 'The user has not joined this group.'),
  ERR_OWNER_EXIT_FORBIDDEN: entry(403, 'The owner of a group hands it over, or deletes it, before leaving it.'),
  ERR_ALREADY_JOINED: entry(409, 'The user is a member of this group already.'),
  ERR_MESSAGE_NO_ACCESS: entry(403, 'The user is no party to this message.'),
  ERR_EMPTY_MESSAGE_FILE: entry(400, 'A media message needs a file or an attachment.'),
  ERR_BAD_REQUEST: entry(400, 'The request could not be understood.'),
  ERR_PERMISSION_DENIED: entry(403, 'The user may not do this.'),
  ERR_FILE_SIZE_EXCEEDED: entry(413, 'The request is larger than this app allows.'),
  ERR_TOO_MANY_REQUESTS: entry(429, 'Too many requests; wait as long as Retry-After says.'),
  ERR_API_NOT_FOUND: entry(404, 'The API endpoint is invalid. Please verify the API call.'),
  ERR_INTERNAL: entry(500, 'This is a fault of the server; its log has the details under the X-Request-Id.'),
  ERR_UNAVAILABLE: entry(503, 'The database or the file store does not answer; try again.'),
  ERR_STORAGE_FULL: entry(507, 'The disk is full; nothing was stored.'),
} as const satisfies Record<string, ErrorEntry>

/** The stable code of an error of this surface. */
export type ErrorCode = keyof typeof ERRORS

/** What is wrong with single fields of a request: sentences by the field's name. */
export type Details = Readonly<Record<string, readonly string[]>>

/** An error on its way to the client. Everything in it may be shown. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: ErrorCode
  readonly status: number
  readonly details: Details
  /** Seconds until another try makes sense; 0 where nothing is said. */
  readonly retryAfter: number

  constructor(code: ErrorCode, more: { message?: string; details?: Details; retryAfter?: number } = {}) {
    super(more.message ?? ERRORS[code].message)
    this.code = code
    this.status = ERRORS[code].status
    this.details = more.details ?? {}
    this.retryAfter = more.retryAfter ?? 0
  }
}

/** Makes an error out of the table; `message` takes the place of the table's sentence. Meant to be thrown. */
export function failure(code: ErrorCode, message?: string): CallError {
  return new CallError(code, message === undefined ? {} : { message })
}

/** The error of a field that is missing or wrong: 400 with `details.<field>[0]`. Meant to be thrown. */
export function badField(field: string, sentence: string): CallError {
  return new CallError('ERR_BAD_REQUEST', {
    message: 'Failed to validate the data sent with the request.',
    details: { [field]: [sentence] },
  })
}

/** The error of a uid that is nobody's. Meant to be thrown. */
export function noSuchUser(uid: string): CallError {
  const message = `The UID ${uid} does not exist, please make sure you have created a user with UID ${uid}.`
  return failure('ERR_UID_NOT_FOUND', message)
}

/** The error of a guid that is no group's. Meant to be thrown. */
export function noSuchGroup(guid: string): CallError {
  const message = `The group with GUID ${guid} does not exist, please make sure you have created a group with GUID ${guid}.`
  return failure('ERR_GUID_NOT_FOUND', message)
}

/** The body of an error. */
export function errorBody({ code, message, details }: CallError): object {
  return { error: { code, message, details } }
}

/** Every error as one of this surface; what nobody foresaw is ERR_INTERNAL. */
export function callErrorOf(error: unknown): CallError {
  if (error instanceof CallError) return error
  if (error instanceof Conflict && error.what in TAKEN) return failure(TAKEN[error.what as keyof typeof TAKEN])
  if (error instanceof Missing && error.what in GONE) return failure(GONE[error.what as keyof typeof GONE])
  const { code, status, headers, errors, message } = problemOf(error)
  const retryAfter = Number(headers['retry-after'] ?? 0)
  const [violation] = errors
  if (violation !== undefined) return badField(violation.path.replace(/^\W+/, ''), `This field ${violation.message}.`)
  const known = BY_PROBLEM[code]
  if (known !== undefined) return new CallError(known, { retryAfter })
  return status < 500 ? failure('ERR_BAD_REQUEST', message) : failure('ERR_INTERNAL')
}

/** What storage calls taken, and what it finds gone while a call is at work. */
const TAKEN = { user: 'ERR_UID_ALREADY_EXISTS', conversation: 'ERR_GUID_ALREADY_EXISTS' } as const
const GONE = { app: 'AUTH_ERR_INVALID_APPID', user: 'ERR_UID_NOT_FOUND', conversation: 'ERR_GUID_NOT_FOUND' } as const

const BY_PROBLEM: Partial<Record<ProblemCode, ErrorCode>> = {
  route_not_found: 'ERR_API_NOT_FOUND',
  method_not_allowed: 'ERR_API_NOT_FOUND',
  quota_exceeded: 'ERR_PERMISSION_DENIED',
  too_many_tries: 'ERR_TOO_MANY_REQUESTS',
  body_too_large: 'ERR_FILE_SIZE_EXCEEDED',
  file_too_large: 'ERR_FILE_SIZE_EXCEEDED',
  form_too_large: 'ERR_FILE_SIZE_EXCEEDED',
  unavailable: 'ERR_UNAVAILABLE',
  not_ready: 'ERR_UNAVAILABLE',
  disk_full: 'ERR_STORAGE_FULL',
}

/** Refusals that say more, or less, than that the credential is not good here. */
const BY_REASON: Partial<Record<Reason, ErrorCode>> = {
  too_many_bad_tokens: 'ERR_TOO_MANY_REQUESTS',
  standing_unavailable: 'ERR_UNAVAILABLE',
  credential_conflict: 'ERR_BAD_REQUEST',
  app_unknown: 'AUTH_ERR_INVALID_APPID',
  app_suspended: 'AUTH_ERR_INVALID_APPID',
}

/**
 * A refusal of the gate as an error of this surface. A client learns one thing of an auth token that does not hold, whatever the
 * reason (ended, user deactivated or deleted): it drops its session by itself then.
 */
export function refusalError(who: 'client' | 'rest', reason: Reason, retryAfter = 0): CallError {
  const passing = BY_REASON[reason]
  if (passing !== undefined) return new CallError(passing, { retryAfter })
  if (who === 'client') return failure('AUTH_ERR_AUTH_TOKEN_NOT_FOUND')
  return failure(REASONS[reason].status === 403 ? 'AUTH_ERR_NO_ACCESS' : 'AUTH_ERR_APIKEY_NOT_FOUND')
}
