import { createHash } from 'node:crypto'
import { type Grant, parseGrants } from '@gatehouse/core/grant'
import type { VerificationKey } from '@gatehouse/core/jws'
import { secretKey } from '@gatehouse/core/node-primitives'
import { isProblem } from '@gatehouse/core/problem'
import { attest, type Token } from '@gatehouse/core/token'
import type { Key, Records } from '@gatehouse/storage/records/port'
import { createGenerations } from '../generations.ts'
import type { Vault } from '../parts.ts'

/** An API key, ready for use: what it permits as a token of its own, and how tokens signed with it are verified. */
export type KnownKey = {
  readonly key: Key
  readonly grants: readonly Grant[]
  /** The key itself as a token: whoever shows its secret has this. */
  readonly token: Token
  /** Verifies HS256 tokens signed with its secret. */
  readonly verification: VerificationKey
}

/** API keys by id and by the hash of their secret, remembered and kept right by the log of changes. */
export type KnownKeys = {
  /** Answers at once from memory: undefined where it has to be looked up. */
  peek(id: string): KnownKey | undefined
  find(id: string): Promise<KnownKey | null>
  peekBySecret(secretHash: string): KnownKey | undefined
  findBySecret(secretHash: string): Promise<KnownKey | null>
  /** Forgets everything remembered: a key has changed. */
  forget(): void
}

const REMEMBERED_KEYS = 10_000

/** Hex SHA-256 of a secret, as it is stored. Secrets are random and long, so that a plain hash is enough (no password is stored here). */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Creates the memory of API keys. */
export function createKnownKeys(records: Records, vault: Vault): KnownKeys {
  const byId = createGenerations<string, KnownKey>(REMEMBERED_KEYS)
  const byHash = createGenerations<string, KnownKey>(REMEMBERED_KEYS)
  let forgotten = 0

  async function remembered(look: () => Promise<Key | null>): Promise<KnownKey | null> {
    for (;;) {
      const before = forgotten
      const key = await look()
      if (before !== forgotten) continue
      if (key === null) return null
      const known = prepare(key, vault)
      byId.set(key.id, known)
      byHash.set(key.secretHash, known)
      return known
    }
  }

  return {
    peek: (id) => byId.get(id),
    peekBySecret: (hash) => byHash.get(hash),
    find: async (id) => byId.get(id) ?? remembered(() => records.keys.find(id)),
    findBySecret: async (hash) => byHash.get(hash) ?? remembered(() => records.keys.findBySecretHash(hash)),
    forget() {
      forgotten++
      byId.clear()
      byHash.clear()
    },
  }
}

function prepare(key: Key, vault: Vault): KnownKey {
  const parsed = parseGrants(key.grants)
  if (isProblem(parsed)) throw new Error(`The stored grants of key ${key.id} cannot be read: ${parsed.detail}`)
  const grants = parsed
  return {
    key,
    grants,
    token: attest({
      kind: 'key',
      id: null,
      app: key.app,
      subject: null,
      subjectSerial: null,
      key: key.id,
      keySerial: key.serial,
      grants,
      sequence: 0,
      issuedAt: null,
      expiresAt: key.expiresAt,
    }),
    verification: { kid: key.id, alg: 'HS256', handle: secretKey(vault.open(key.sealedSecret, 'api-key')) },
  }
}
