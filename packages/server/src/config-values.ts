import { createHash } from 'node:crypto'
import { isIP } from 'node:net'

/** The value that a text stands for, or what was expected in its place (a noun phrase that follows "expected"). */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly expected: string }

/** Reads the text of one setting. Pure; never throws. */
export type Parse<T> = (text: string) => Parsed<T>

/** Any text but an empty one. */
export const text: Parse<string> = (given) => (given.trim() === '' ? wrong('a text that is not empty') : right(given))

/** `true` or `false`. */
export const truth: Parse<boolean> = (given) =>
  given === 'true' ? right(true) : given === 'false' ? right(false) : wrong('true or false')

/** A whole number within bounds, both included. */
export function whole(minimum: number, maximum: number): Parse<number> {
  return (given) => {
    const value = Number(given)
    const fits = /^\d{1,15}$/.test(given) && value >= minimum && value <= maximum
    return fits ? right(value) : wrong(`a whole number from ${minimum} to ${maximum}`)
  }
}

/** A number of bytes, plain or with a binary unit: `65536`, `256KiB`, `64MiB`, `2GiB`. */
export function bytes(minimum: number): Parse<number> {
  return (given) => {
    const match = /^(\d{1,12})(KiB|MiB|GiB)?$/.exec(given)
    const value = match === null ? Number.NaN : Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1)
    return value >= minimum && Number.isSafeInteger(value)
      ? right(value)
      : wrong(`a number of bytes of at least ${minimum}, such as 65536, 256KiB or 64MiB`)
  }
}

const UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly T[]): Parse<T> {
  return (given) => {
    const value = words.find((word) => word === given)
    return value === undefined ? wrong(`one of ${words.join(', ')}`) : right(value)
  }
}

/** `all`, `none` (no names), or names with commas between. */
export const names: Parse<'all' | readonly string[]> = (given) => {
  if (given === 'all') return right(given)
  if (given === 'none') return right([])
  const list = given.split(',').map((name) => name.trim())
  return list.every((name) => /^[a-z]+$/.test(name))
    ? right([...new Set(list)])
    : wrong('all, none, or names with commas')
}

/** An address of this machine to listen on: an IP address or a host name. */
export const hostName: Parse<string> = (given) =>
  isIP(given) !== 0 || /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(given)
    ? right(given)
    : wrong('an IP address or a host name, such as 127.0.0.1')

/** An http or https URL without query, fragment and user; answered without a slash at its end. */
export const webUrl: Parse<string> = (given) => {
  const url = URL.parse(given)
  const plain = url !== null && url.username === '' && url.password === '' && !/[?#]/.test(given)
  return plain && /^https?:$/.test(url.protocol)
    ? right(url.href.replace(/\/+$/, ''))
    : wrong('a URL such as https://media.example.org, without user, query and fragment')
}

/** The URL of a PostgreSQL database. */
export const databaseUrl: Parse<string> = (given) =>
  /^postgres(ql)?:$/.test(URL.parse(given)?.protocol ?? '')
    ? right(given)
    : wrong('a URL such as postgres://user:password@host:5432/name')

/** The URL of an S3 bucket: `s3://bucket/prefix?endpoint=…`. */
export const blobsUrl: Parse<string> = (given) => {
  const url = URL.parse(given)
  return url !== null && url.protocol === 's3:' && url.hostname !== ''
    ? right(given)
    : wrong('a URL such as s3://bucket/prefix?endpoint=https://s3.example.org')
}

/** Addresses and CIDR ranges with commas between them; an empty text means none. */
export const addressRanges: Parse<readonly string[]> = (given) => {
  const ranges = given.split(',').flatMap((range) => (range.trim() === '' ? [] : [range.trim()]))
  return ranges.every(isRange) ? right(ranges) : wrong('addresses or ranges such as 10.0.0.0/8,::1')
}

function isRange(range: string): boolean {
  const [address = '', length, ...rest] = range.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0 || address.includes('%')) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128))
}

/** Id and secret of an API key. */
export type KeyPair = { readonly id: string; readonly secret: string }

/** `id:secret`: an id of letters, digits, `_` and `-`, a secret of 32 or more characters without spaces. */
export const keyPair: Parse<KeyPair> = (given) => {
  const match = /^([A-Za-z0-9_-]{1,64}):([\x21-\x7e]{32,256})$/.exec(given)
  return match?.[1] === undefined || match[2] === undefined
    ? wrong('id:secret with a secret of at least 32 characters; `openssl rand -hex 32` makes one')
    : right({ id: match[1], secret: match[2] })
}

/**
 * The master key, answered as 64 hexadecimal characters: 32 bytes as hex or base64 are taken as they are; any other text of 32
 * or more characters is hashed to 32 bytes with SHA-256 (it MUST be random all the same: nothing here makes a weak one strong).
 */
export const masterKey: Parse<string> = (given) => {
  if (/^[0-9a-f]{64}$/i.test(given)) return right(given.toLowerCase())
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(given)) return right(Buffer.from(given, 'base64').toString('hex'))
  return given.length >= 32
    ? right(createHash('sha256').update(given).digest('hex'))
    : wrong('32 random bytes as hex or base64; `openssl rand -hex 32` makes them')
}

/** How whole files are handed to a server in front: `none`, or `x-accel:/prefix/`. */
export type Offload = { readonly kind: 'none' } | { readonly kind: 'x-accel'; readonly prefix: string }

/** Reads an {@link Offload}. */
export const offload: Parse<Offload> = (given) => {
  if (given === 'none') return right({ kind: 'none' })
  const match = /^x-accel:(\/[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*\/)$/.exec(given)
  return match?.[1] === undefined
    ? wrong('none, or x-accel:/prefix/ with the internal location of nginx')
    : right({ kind: 'x-accel', prefix: match[1] })
}

/** An id that may stand in a path: 1–128 characters, none of `/ \ %` and control characters, not `.` or `..`. */
export const identifier: Parse<string> = (given) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /^[^/\\%\u0000-\u001f\u007f]{1,128}$/.test(given) && given !== '.' && given !== '..'
    ? right(given)
    : wrong('an id of 1 to 128 characters without / \\ and %')

function right<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

function wrong(expected: string): Parsed<never> {
  return { ok: false, expected }
}
