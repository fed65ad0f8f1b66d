import type { IncomingHttpHeaders } from 'node:http'

/** What the validators of a representation are: a strong entity tag with its quotes, and whole seconds since the epoch. */
export type Validators = { readonly etag: string; readonly modified: number }

/**
 * Evaluates the preconditions of a GET or HEAD in the order of RFC 9110, section 13.2.2. Authorisation MUST have happened before.
 */
export function evaluate(headers: IncomingHttpHeaders, { etag, modified }: Validators): 'proceed' | 304 | 412 {
  const match = headers['if-match']
  if (match !== undefined) {
    if (!listed(match, etag, false)) return 412
  } else if (headers['if-unmodified-since'] !== undefined) {
    const since = seconds(headers['if-unmodified-since'])
    if (since !== null && modified > since) return 412
  }
  const noneMatch = headers['if-none-match']
  if (noneMatch !== undefined) return listed(noneMatch, etag, true) ? 304 : 'proceed'
  const since = seconds(headers['if-modified-since'])
  return since !== null && modified <= since ? 304 : 'proceed'
}

/** Whether a Range header counts: true without If-Range, or where its validator is the present one (RFC 9110, section 13.1.5). */
export function rangeCounts(header: string | undefined, { etag, modified }: Validators): boolean {
  if (header === undefined) return true
  return header.startsWith('"') ? header === etag : seconds(header) === modified
}

/** Weak comparison ignores `W/`; in strong comparison a weak tag equals nothing (RFC 9110, section 8.8.3.2). */
function listed(header: string, etag: string, weak: boolean): boolean {
  if (header.trim() === '*') return true
  return header.split(',').some((item) => {
    const tag = item.trim()
    return tag === etag || (weak && tag === `W/${etag}`)
  })
}

function seconds(date: string | undefined): number | null {
  if (date === undefined) return null
  const time = Date.parse(date)
  return Number.isNaN(time) ? null : Math.floor(time / 1000)
}
