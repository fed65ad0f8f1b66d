import { REASONS, type Reason } from '@gatehouse/core/reasons'
import { FLAT_BROWSER_HEADERS } from '../browser-headers.ts'

/** A refusal as HTTP: status, headers (flat, as `writeHead` takes them) and the body, which is always a problem document. */
export type Refusal = { readonly status: number; readonly headers: readonly string[]; readonly body: string }

/**
 * Makes the HTTP form of a refusal: RFC 9457 problem document, RFC 6750 challenge on 401 and 403, never cached. `retryAfter` is in
 * seconds and only for refusals that pass. Nothing out of the request but its id appears in it.
 */
export function refusal(reason: Reason, requestId: string, retryAfter = 0): Refusal {
  const { status, challenge, title, sentence } = REASONS[reason]
  const body = JSON.stringify({
    type: `/docs/errors#${reason}`,
    title,
    status,
    code: reason,
    detail: sentence,
    instance: `urn:request:${requestId}`,
  })
  const headers = [
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    requestId,
    ...FLAT_BROWSER_HEADERS,
  ]
  if (status === 401) headers.push('WWW-Authenticate', challengeText(challenge))
  if (status === 403 && challenge !== null) headers.push('WWW-Authenticate', challengeText(challenge))
  if (retryAfter > 0) headers.push('Retry-After', String(retryAfter))
  return { status, headers, body }
}

/** RFC 6750, section 3: no error code where no credential was sent. */
function challengeText(code: string | null): string {
  return code === null ? 'Bearer realm="gatehouse"' : `Bearer realm="gatehouse", error="${code}"`
}
