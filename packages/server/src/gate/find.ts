import { type Found, findCredential, type Head } from './credential.ts'
import type { Dialect } from './dialect.ts'

/**
 * Finds the credential of a request, in our own language and in the dialects given: whatever stands under two names is more than one
 * (security.md T7). `app` is that of the place where it is shown. At doors that read the Authorization header alone (`query` null) no dialect is heard.
 */
export function findAmong(
  dialects: readonly Dialect[],
  head: Head,
  query: string | null,
  app: string | null,
  cookies: readonly string[] = [],
): Found {
  const own = findCredential(head, query, cookies)
  if (query === null || own.outcome === 'conflict') return own
  let explicit: Found | null = isExplicit(own) ? own : null
  for (const dialect of dialects) {
    const found = dialect.find(head, query, app)
    if (found === null) continue
    if (explicit !== null) return { outcome: 'conflict' }
    explicit = found
  }
  return explicit ?? own
}

/** Whether somebody wrote it into the request on purpose; browsers attach cookies unasked. */
function isExplicit(found: Found): boolean {
  return found.outcome === 'malformed' || (found.outcome === 'found' && found.candidates[0]?.form !== 'cookie')
}
