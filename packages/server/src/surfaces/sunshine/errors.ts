import { REASONS, type Reason } from '@gatehouse/core/reasons'
import { Conflict, Missing } from '@gatehouse/storage/records/port'
import { type ProblemCode, problemOf } from '../../problems.ts'
import type { Version } from './version.ts'

/** How an error of this surface looks: its HTTP status, the code on the wire, and the title where nothing better is known. */
type ErrorEntry = { readonly status: number; readonly code: string; readonly title: string }

const entry = (status: number, code: string, title: string): ErrorEntry => ({ status, code, title })

/** The table of errors (contract, section 5), by names of our own: the codes on the wire are not one for each. */
export const ERRORS = {
  badRequest: entry(400, 'bad_request', 'The request could not be understood.'),
  unauthorized: entry(401, 'unauthorized', 'Authorization is required'),
  forbidden: entry(403, 'forbidden', 'The credential does not reach this call.'),
  appNotFound: entry(404, 'app_not_found', 'App not found'),
  userNotFound: entry(404, 'user_not_found', 'User not found'),
  conversationNotFound: entry(404, 'conversation_not_found', 'Conversation not found'),
  notFound: entry(404, 'not_found', 'Resource not found'),
  conflict: entry(409, 'conflict', 'The resource exists already'),
  tooLarge: entry(413, 'payload_too_large', 'The request is larger than this app allows.'),
  locked: entry(423, 'locked', 'Message limit of 30000 per conversation reached.'),
  unsupportedMediaType: entry(415, 'unsupported_media_type', 'File rejected. File type not allowed'),
  tooManyRequests: entry(429, 'too_many_requests', 'Too many requests; wait as long as Retry-After says.'),
  internal: entry(
    500,
    'internal_error',
    'This is a fault of the server; its log has the details under the X-Request-Id.',
  ),
  unavailable: entry(503, 'service_unavailable', 'The database or the file store does not answer; try again.'),
  storageFull: entry(507, 'insufficient_storage', 'The disk is full; nothing was stored.'),
} as const satisfies Record<string, ErrorEntry>

/** The name of an error of this surface. */
export type ErrorName = keyof typeof ERRORS

/** An error on its way to the client. Everything in it may be shown. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: string
  readonly status: number
  /** What is wrong, in one sentence or, with 400 alone, in several. */
  readonly titles: readonly string[]
  /** Seconds until another try makes sense; 0 where nothing is said. */
  readonly retryAfter: number

  constructor(name: ErrorName, more: { titles?: readonly string[]; retryAfter?: number } = {}) {
    const { status, code, title } = ERRORS[name]
    const titles = more.titles ?? [title]
    super(titles.join(' '))
    this.code = code
    this.status = status
    this.titles = titles
    this.retryAfter = more.retryAfter ?? 0
  }
}

/** Makes an error out of the table; `titles` take the place of the table's. Meant to be thrown. */
export function failure(name: ErrorName, ...titles: readonly string[]): CallError {
  return new CallError(name, titles.length === 0 ? {} : { titles })
}

/** The body of an error: a list under v2, one error under v1.1. */
export function errorBody({ code, titles }: CallError, version: Version): object {
  if (version === 'v2') return { errors: titles.map((title) => ({ code, title })) }
  return { error: { code, description: titles.join(' ') } }
}

/** Every error as one of this surface; what nobody foresaw is `internal`. */
export function callErrorOf(error: unknown): CallError {
  if (error instanceof CallError) return error
  if (error instanceof Conflict && error.what !== 'quota')
    return failure('conflict', `${capital(error.what)} already exists`)
  if (error instanceof Missing && error.what in GONE) return failure(GONE[error.what as keyof typeof GONE])
  const { code, status, headers, errors, message } = problemOf(error)
  if (errors.length > 0) return failure('badRequest', ...errors.map(({ path, message }) => `${path} ${message}`))
  if (code === 'quota_exceeded') return failure('forbidden', message)
  const known = BY_PROBLEM[code]
  if (known !== undefined) return new CallError(known, { retryAfter: Number(headers['retry-after'] ?? 0) })
  return status < 500 ? failure('badRequest', message) : failure('internal')
}

/** What storage finds gone while a call is at work. */
const GONE = { app: 'appNotFound', user: 'userNotFound', conversation: 'conversationNotFound' } as const

const BY_PROBLEM: Partial<Record<ProblemCode, ErrorName>> = {
  not_found: 'notFound',
  route_not_found: 'notFound',
  method_not_allowed: 'notFound',
  grant_exceeded: 'forbidden',
  body_too_large: 'tooLarge',
  file_too_large: 'tooLarge',
  form_too_large: 'tooLarge',
  unavailable: 'unavailable',
  not_ready: 'unavailable',
  file_type_not_allowed: 'unsupportedMediaType',
  disk_full: 'storageFull',
}

/** Refusals that say more, or less, than that the credential is not good here. */
const BY_REASON: Partial<Record<Reason, ErrorName>> = {
  too_many_bad_tokens: 'tooManyRequests',
  standing_unavailable: 'unavailable',
  credential_conflict: 'badRequest',
}

/** A refusal of the gate as an error of this surface. */
export function refusalError(reason: Reason, retryAfter = 0): CallError {
  const passing = BY_REASON[reason]
  if (passing !== undefined) return new CallError(passing, { retryAfter })
  return failure(REASONS[reason].status === 403 ? 'forbidden' : 'unauthorized')
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
