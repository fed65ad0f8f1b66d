import { resourceOf } from '@gatehouse/core/resource'
import { attest, type Token } from '@gatehouse/core/token'
import type { LoginSession, Logins } from '@gatehouse/storage/records/port'
import { createGenerations } from '../generations.ts'

/** Login sessions as tokens, by the hash of their secret, remembered and kept right by the log of changes. */
export type KnownLogins = {
  /** Answers at once from memory: undefined where it has to be looked up. */
  peek(secretHash: string): Token | undefined
  find(secretHash: string): Promise<Token | null>
  /** Forgets everything remembered: a session has ended. */
  forget(): void
}

const REMEMBERED_LOGINS = 50_000

/**
 * Creates the memory of login sessions. What is remembered of one never changes: whether it has ended, and whether its user is active,
 * is for the board to say at each decision. A secret that is nobody's is asked for every time.
 */
export function createKnownLogins(logins: Logins): KnownLogins {
  const tokens = createGenerations<string, Token>(REMEMBERED_LOGINS)
  let forgotten = 0
  return {
    peek: (secretHash) => tokens.get(secretHash),
    forget() {
      forgotten++
      tokens.clear()
    },
    async find(secretHash) {
      for (;;) {
        const before = forgotten
        const login = await logins.findBySecretHash(secretHash)
        if (before !== forgotten) continue
        if (login === null) return null
        const token = tokenOf(login)
        tokens.set(secretHash, token)
        return token
      }
    },
  }
}

/** What a user may do at all through a surface: the surface itself asks who is a party to what. */
function tokenOf({ app, id, user, userSerial, sequence }: LoginSession): Token {
  return attest({
    kind: 'login',
    id: null,
    app,
    subject: user,
    subjectSerial: userSerial,
    key: null,
    keySerial: null,
    session: id,
    grants: [{ actions: ['read', 'write'], resource: resourceOf('apps', app), limits: {} }],
    sequence,
    issuedAt: null,
    expiresAt: null,
  })
}
