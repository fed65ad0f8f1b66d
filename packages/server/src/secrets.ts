import { randomBytes } from 'node:crypto'

/** A new id: 24 lower-case hex characters. */
export function newId(): string {
  return randomBytes(12).toString('hex')
}

/** How the secrets of API keys begin. */
export const KEY_SECRET_PREFIX = 'gh_'

/** A new secret of an API key: 256 random bits, with a prefix by which scanners for leaked secrets recognise it. */
export function newKeySecret(): string {
  return `${KEY_SECRET_PREFIX}${randomBytes(32).toString('base64url')}`
}

/** How the login tokens begin that the native API makes. */
export const LOGIN_TOKEN_PREFIX = 'ghl_'

/** A new login token: 256 random bits, with a prefix of its own. */
export function newLoginToken(): string {
  return `${LOGIN_TOKEN_PREFIX}${randomBytes(32).toString('base64url')}`
}

/**
 * The unguessable segment of an attachment's path: 144 random bits as 24 base64url characters. Never holds `fat` in any
 * case, which the clients of one vendor take for a token in the query.
 */
export function newAttachmentKey(): string {
  for (;;) {
    const key = randomBytes(18).toString('base64url')
    if (!/fat/i.test(key)) return key
  }
}
