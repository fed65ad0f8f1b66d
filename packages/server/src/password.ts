import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const BYTES = 32

/** A password that people type, as it is kept: salt and derived key (scrypt, RFC 7914, Node's default cost) in one text. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password.normalize('NFC'), salt, BYTES)
  return `scrypt.${salt.toString('base64url')}.${key.toString('base64url')}`
}

/** Whether this is the password that was hashed. False for a hash that cannot be read. */
export async function matchesPassword(password: string, hash: string): Promise<boolean> {
  const [name, salt, key] = hash.split('.')
  if (name !== 'scrypt' || salt === undefined || key === undefined) return false
  const expected = Buffer.from(key, 'base64url')
  const found = await derive(password.normalize('NFC'), Buffer.from(salt, 'base64url'), BYTES)
  return expected.length === found.length && timingSafeEqual(expected, found)
}
