import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Vault } from '../parts.ts'

const NONCE = 12
const TAG = 16

/**
 * Creates a vault on a master key of 32 bytes. Sealed form: nonce (12) · AES-256-GCM ciphertext · tag (16), NIST SP 800-38D;
 * a key of its own is derived for every purpose (HKDF-SHA256, RFC 5869) and the purpose is authenticated too.
 */
export function createVault(masterKey: Uint8Array): Vault {
  if (masterKey.length !== 32) throw new Error('The master key must have 32 bytes.')
  const keys = new Map<string, Buffer>()
  const keyFor = (purpose: string): Buffer => {
    const known = keys.get(purpose)
    if (known !== undefined) return known
    const key = Buffer.from(hkdfSync('sha256', masterKey, 'gatehouse vault', purpose, 32))
    keys.set(purpose, key)
    return key
  }
  return {
    seal(plain, purpose) {
      const nonce = randomBytes(NONCE)
      const cipher = createCipheriv('aes-256-gcm', keyFor(purpose), nonce).setAAD(Buffer.from(purpose))
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, purpose) {
      if (sealed.length < NONCE + TAG) throw new Error(`A sealed ${purpose} is too short; the database is damaged.`)
      const decipher = createDecipheriv('aes-256-gcm', keyFor(purpose), sealed.subarray(0, NONCE))
        .setAAD(Buffer.from(purpose))
        .setAuthTag(sealed.subarray(sealed.length - TAG))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(NONCE, sealed.length - TAG)), decipher.final()])
      } catch {
        throw new Error(
          `A sealed ${purpose} does not open: the master key is not the one that this database was made with. Give that one in GATEHOUSE_MASTER_KEY.`,
        )
      }
    },
  }
}

/** Whether this opens: with another master key, or sealed for another purpose, it does not. */
export function opens(vault: Vault, sealed: Uint8Array, purpose: string): boolean {
  try {
    vault.open(sealed, purpose)
    return true
  } catch {
    return false
  }
}
