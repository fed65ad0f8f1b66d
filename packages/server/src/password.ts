import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Tries } from '@gatehouse/storage/records/port'
import { Problem } from './problems.ts'

/** Work on passwords that others send. */
export type Passwords = {
  /** Hashes one, for the user whom `by` names, or with null for a server. Raises `too_many_tries`, never for a server. */
  hash(password: string, by: string | null): Promise<string>
  /** Whether one is the one that was hashed; `by` names the user who tries. Raises `too_many_tries`. */
  matches(password: string, hash: string, by: string): Promise<boolean>
}

/** So many tries at once, and a minute, has each user. */
const TRIES = 10
/** So many may wait for their turn, whoever they are; a server always may. */
const MOST_WAITING = 64

/**
 * Creates the work on passwords: one at a time, since it holds one of the few threads that files are read on, too, and no user gets to it so
 * often that they could guess, or keep others from it: `tries` are counted for all threads and nodes together. `now` is the clock, in
 * milliseconds.
 */
export function createPasswords(tries: Pick<Tries, 'take'>, now: () => number): Passwords {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()

  async function inTurn<T>(by: string | null, work: () => Promise<T>): Promise<T> {
    if (by !== null && waiting >= MOST_WAITING) throw tooMany(1)
    waiting++
    try {
      const wait = by === null ? 0 : await tries.take(`password ${by}`, { perMinute: TRIES, at: now() })
      if (wait > 0) throw tooMany(wait)
      const turn = last.then(work)
      last = turn.catch(() => {})
      return await turn
    } finally {
      waiting--
    }
  }

  return {
    hash: async (password, by) => inTurn(by, () => hashPassword(password)),
    matches: async (password, hash, by) => inTurn(by, () => matchesPassword(password, hash)),
  }
}

function tooMany(seconds: number): Problem {
  return new Problem('too_many_tries', { headers: { 'retry-after': String(seconds) } })
}

/** What deriving costs: 2 ** `log2N` rounds of mixing over 128 · r · N bytes, p times one after the other (RFC 7914, section 2). */
type Cost = { readonly log2N: number; readonly r: number; readonly p: number }

/**
 * One of the settings for scrypt that OWASP's Password Storage Cheat Sheet holds equal. It takes 16 MiB where others take up to 128, so
 * that several who join at once do not fill the memory.
 */
const COST: Cost = { log2N: 14, r: 8, p: 5 }

/** A hash that was written with more than this is damaged, and is not worked on. */
const MOST_BYTES = 256 * 1024 ** 2

const BYTES = 32
const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)

/**
 * A password that people type, as it is kept: name, cost, salt and derived key in one text (`scrypt.14,8,5.salt.key`). The cost is that of
 * the hash, so that a later version may raise it and still read what was kept before. Works beside the event loop.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await keyOf(password, salt, COST)
  const { log2N, r, p } = COST
  return `scrypt.${log2N},${r},${p}.${salt.toString('base64url')}.${key.toString('base64url')}`
}

/** Whether this is the password that was hashed, at whatever cost. False for a hash that cannot be read. */
export async function matchesPassword(password: string, hash: string): Promise<boolean> {
  const read = /^scrypt\.(\d{1,2}),(\d{1,3}),(\d{1,3})\.([\w-]+)\.([\w-]{43})$/.exec(hash)
  if (read === null) return false
  const [, log2N, r, p, salt = '', key = ''] = read
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) }
  if (cost.log2N < 1 || cost.r < 1 || cost.p < 1 || bytesOf(cost) > MOST_BYTES) return false
  const found = await keyOf(password, Buffer.from(salt, 'base64url'), cost)
  return timingSafeEqual(Buffer.from(key, 'base64url'), found)
}

function keyOf(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  const { log2N, r, p } = cost
  return derive(password.normalize('NFC'), salt, BYTES, { N: 2 ** log2N, r, p, maxmem: bytesOf(cost) })
}

/** What deriving may take: the large table, the blocks, and one to work in. */
function bytesOf({ log2N, r, p }: Cost): number {
  return 128 * r * (2 ** log2N + p + 2)
}
