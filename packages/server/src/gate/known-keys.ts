import { createHash } from 'node:crypto'
import { ACTIONS } from '@gatehouse/core/access'
import { parseGrants } from '@gatehouse/core/claims'
import type { Grant } from '@gatehouse/core/grant'
import type { VerificationKey } from '@gatehouse/core/jws'
import { secretKey } from '@gatehouse/core/node-primitives'
import { isProblem } from '@gatehouse/core/problem'
import { ROOT } from '@gatehouse/core/resource'
import { CONFIGURED_KEY } from '@gatehouse/core/service'
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
  /** By serial number, {@link CONFIGURED_KEY} for the key of the configuration. */
  peekBySerial(serial: number): KnownKey | undefined
  findBySerial(serial: number): Promise<KnownKey | null>
  /** Forgets everything remembered: a key has changed. */
  forget(): void
}

const REMEMBERED_KEYS = 10_000

/** Hex SHA-256 of a secret, as it is stored. Secrets are random and long, so that a plain hash is enough (no password is stored here). */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/**
 * Creates the memory of API keys. `admin` is the account-wide key of the configuration: it is in no database, so it can neither be
 * suspended nor revoked, only taken out of the configuration.
 */
export function createKnownKeys(
  records: Records,
  vault: Vault,
  admin: { readonly id: string; readonly secret: string } | null,
): KnownKeys {
  const fixed = admin === null ? null : adminKey(admin.id, admin.secret)
  const byId = createGenerations<string, KnownKey>(REMEMBERED_KEYS)
  const byHash = createGenerations<string, KnownKey>(REMEMBERED_KEYS)
  const bySerial = createGenerations<number, KnownKey>(REMEMBERED_KEYS)
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
      bySerial.set(key.serial, known)
      return known
    }
  }

  return {
    peek: (id) => (fixed?.key.id === id ? fixed : byId.get(id)),
    peekBySecret: (hash) => (fixed?.key.secretHash === hash ? fixed : byHash.get(hash)),
    find: async (id) => (fixed?.key.id === id ? fixed : (byId.get(id) ?? remembered(() => records.keys.find(id)))),
    findBySecret: async (hash) =>
      fixed?.key.secretHash === hash
        ? fixed
        : (byHash.get(hash) ?? remembered(() => records.keys.findBySecretHash(hash))),
    peekBySerial: (serial) => (fixed?.key.serial === serial ? fixed : bySerial.get(serial)),
    findBySerial: async (serial) =>
      fixed?.key.serial === serial
        ? fixed
        : (bySerial.get(serial) ?? remembered(() => records.keys.findBySerial(serial))),
    forget() {
      forgotten++
      bySerial.clear()
      byId.clear()
      byHash.clear()
    },
  }
}

function prepare(key: Key, vault: Vault): KnownKey {
  const grants = parseGrants(key.grants)
  if (isProblem(grants)) throw new Error(`The stored grants of key ${key.id} cannot be read: ${grants.detail}`)
  return known(key, key.serial, grants, vault.open(key.sealedSecret, 'api-key'))
}

function adminKey(id: string, secret: string): KnownKey {
  const key: Key = {
    id,
    serial: CONFIGURED_KEY,
    app: null,
    name: 'GATEHOUSE_ADMIN_KEY',
    grants: [{ actions: ACTIONS, resource: '/' }],
    secretHash: hashSecret(secret),
    sealedSecret: new Uint8Array(),
    status: 'active',
    expiresAt: null,
    createdAt: 0,
  }
  return known(key, null, [{ actions: ACTIONS, resource: ROOT, limits: {} }], secret)
}

/** `serial` is null for a key that has no standing. */
function known(key: Key, serial: number | null, grants: readonly Grant[], secret: string | Uint8Array): KnownKey {
  const token = attest({
    kind: 'key',
    id: null,
    app: key.app,
    subject: null,
    subjectSerial: null,
    key: key.id,
    keySerial: serial,
    session: null,
    grants,
    sequence: 0,
    issuedAt: null,
    expiresAt: key.expiresAt,
  })
  return { key, grants, token, verification: { kid: key.id, alg: 'HS256', handle: secretKey(secret) } }
}
