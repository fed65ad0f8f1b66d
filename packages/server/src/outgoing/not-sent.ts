/** Why an outgoing request has no answer, or none that can be used. */
export type NotSentCode =
  /** No http or https URL, or one with a user in it. */
  | 'bad_url'
  | 'name_not_found'
  /** The name leads, or the address is, where no outgoing request may go. */
  | 'address_refused'
  | 'connection_failed'
  | 'timed_out'
  | 'too_many_redirects'
  /** A redirect that cannot be read, or that leaves https. */
  | 'bad_redirect'
  | 'answer_too_large'

/** An outgoing request that has failed. `detail` is the code that the system or TLS had for it, never text of the other side. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
  readonly code: NotSentCode
  readonly detail: string | null
  constructor(code: NotSentCode, cause?: unknown) {
    super(code, cause === undefined ? {} : { cause })
    this.code = code
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    this.detail = /^[A-Z0-9_]{1,64}$/.test(reason) ? reason : null
  }
}
