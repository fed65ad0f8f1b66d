import { readJwt } from '@gatehouse/core/jwt'
import { isProblem } from '@gatehouse/core/problem'
import { type Found, findCredential, type Head } from '../../gate/credential.ts'

/**
 * The API key that a request names (contract, section 3.1), not believed yet: its id and secret (Basic), or a JWT signed with its secret
 * (Bearer). `keyId` is null where none is named.
 */
export function findKey(head: Head): { readonly found: Found; readonly keyId: string | null } {
  const found = findCredential(head, null)
  if (found.outcome !== 'found') return { found, keyId: null }
  const [credential] = found.candidates
  if (credential?.form === 'basic') return { found, keyId: credential.id }
  if (credential?.form !== 'bearer') return { found: { outcome: 'malformed' }, keyId: null }
  const { text } = credential
  const jwt = readJwt(text)
  return {
    found: { outcome: 'found', candidates: [{ form: 'key-jwt', text }] },
    keyId: isProblem(jwt) ? null : jwt.kid,
  }
}
