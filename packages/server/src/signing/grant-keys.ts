import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { VerificationKey } from '@gatehouse/core/jws'
import { privateKey, publicKey } from '@gatehouse/core/node-primitives'
import type { Records } from '@gatehouse/storage/records/port'
import type { Vault } from '../parts.ts'
import { opens } from './vault.ts'

/** One signing key of the installation. */
export type GrantKey = {
  readonly verification: VerificationKey
  readonly signing: VerificationKey
  /** The public half as a JWK (RFC 8037). */
  readonly jwk: Readonly<Record<string, unknown>>
}

/** The keys with which the installation signs grant tokens. */
export type GrantKeys = {
  /** The key that signs now. */
  readonly active: GrantKey
  find(kid: string): GrantKey | null
  /** Whether this very object is one of the keys in force. */
  holds(signer: object): boolean
  readonly all: readonly GrantKey[]
}

const SECRET_NAME = 'grant-key-1'
const PURPOSE = 'grant-key'

/** Reads the installation's Ed25519 key, making it on the first start; every node of an installation gets the same one. */
export async function openGrantKeys(records: Records, vault: Vault): Promise<GrantKeys> {
  const fresh = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  const sealed = await records.secrets.findOrCreate(SECRET_NAME, vault.seal(Buffer.from(fresh), PURPOSE))
  const active = grantKey(Buffer.from(vault.open(sealed, PURPOSE)).toString('utf8'))
  return {
    active,
    all: [active],
    find: (kid) => (kid === active.verification.kid ? active : null),
    holds: (signer) => signer === active,
  }
}

/** Whether the stored key opens with this vault; null where none is stored yet. Makes nothing. */
export async function grantKeyOpens(records: Records, vault: Vault): Promise<boolean | null> {
  const sealed = await records.secrets.find(SECRET_NAME)
  return sealed === null ? null : opens(vault, sealed, PURPOSE)
}

function grantKey(pem: string): GrantKey {
  const { kty, crv, x } = createPublicKey(pem).export({ format: 'jwk' })
  // RFC 7638: the thumbprint names the key.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
  return {
    verification: { kid, alg: 'EdDSA', handle: publicKey({ kty, crv, x }, 'EdDSA') },
    signing: { kid, alg: 'EdDSA', handle: privateKey(pem, 'EdDSA') },
    jwk: { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' },
  }
}
