import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import type { VerificationKey } from '@gatehouse/core/jws'
import { publicKey } from '@gatehouse/core/node-primitives'
import type { Json, MediaKey, Records } from '@gatehouse/storage/records/port'
import type { Standings, Vault } from '../parts.ts'
import { problem } from '../problems.ts'
import type { KeyMaker } from './key-maker.ts'

/** What keys of media tokens are sealed for. */
export const MEDIA_KEY_PURPOSE = 'media-key'

/** A key of media tokens, ready to verify with. */
export type KnownMediaKey = {
  readonly id: string
  readonly state: MediaKey['state']
  readonly verification: VerificationKey
  /** The public half (RFC 7517). */
  readonly jwk: Readonly<Record<string, unknown>>
}

/** The key that signs now. */
export type SigningMediaKey = { readonly id: string; readonly key: KeyObject }

/** The keys of media tokens as one thread remembers them, kept right by the log of changes. */
export type MediaKeyring = {
  /** Answers at once from memory: null where there is no such key, undefined where it has to be looked up. */
  peek(id: string): KnownMediaKey | null | undefined
  find(id: string): Promise<KnownMediaKey | null>
  /** All of them, newest first. */
  all(): Promise<readonly KnownMediaKey[]>
  /** The key that signs; made here where the installation has none yet, which takes seconds. Raises `unavailable` where it takes longer than a request may wait. */
  active(): Promise<SigningMediaKey>
  /** Forgets everything remembered: a key has changed. */
  forget(): void
}

/** How long a request waits for a key, milliseconds; shorter than a silence may be on a connection. */
const LONGEST_WAIT = 40_000

type Loaded = { readonly known: ReadonlyMap<string, KnownMediaKey>; readonly stored: readonly MediaKey[] }

/** Creates the memory of keys. `change` is the way to change standing. */
export function createMediaKeyring(parts: MediaKeyParts): MediaKeyring {
  const { records, vault } = parts
  let memory: Loaded | null = null
  let signing: SigningMediaKey | null = null
  let making: Promise<void> | null = null
  let forgotten = 0

  async function load(): Promise<Loaded> {
    for (;;) {
      if (memory !== null) return memory
      const before = forgotten
      const stored = await records.mediaKeys.list()
      // What was read while something was being forgotten may be older than the change: read again.
      if (before === forgotten) memory = { stored, known: new Map(stored.map((key) => [key.id, knownKey(key)])) }
    }
  }

  /** Several requests that come before there is a key wait for one. */
  function made(): Promise<void> {
    making ??= makeMissing(parts, { spare: false, awaited: true }).finally(() => {
      making = null
    })
    return inTime(making)
  }

  return {
    peek: (id) => (memory === null ? undefined : (memory.known.get(id) ?? null)),
    find: async (id) => (await load()).known.get(id) ?? null,
    all: async () => [...(await load()).known.values()],
    async active() {
      for (;;) {
        if (signing !== null) return signing
        const before = forgotten
        const stored = (await load()).stored.find(({ state }) => state === 'active')
        if (stored?.sealed == null) {
          await made()
          memory = null
          continue
        }
        const pem = Buffer.from(vault.open(stored.sealed, MEDIA_KEY_PURPOSE)).toString('utf8')
        if (before === forgotten) signing = { id: stored.id, key: createPrivateKey(pem) }
      }
    },
    forget() {
      forgotten++
      memory = null
      signing = null
    },
  }
}

/** What keys are made and kept with. */
export type MediaKeyParts = {
  readonly records: Pick<Records, 'mediaKeys'>
  readonly vault: Vault
  readonly keyMaker: KeyMaker
  readonly change: Standings['change']
}

/** Who changes keys where nobody asked for it. */
const BY = 'operator'

/**
 * Sees to it that there is a key that signs, and one that comes next, for a request that waits for it. Takes seconds where one has to be made;
 * raises `unavailable` where it takes longer than a request may wait. The key is made all the same.
 */
export function provideMediaKeys(parts: MediaKeyParts): Promise<void> {
  return inTime(makeMissing(parts, { spare: true, awaited: true }))
}

/** Waits no longer than a request may. */
async function inTime(making: Promise<void>): Promise<void> {
  const { promise: overdue, reject } = Promise.withResolvers<never>()
  const tooLong = () =>
    reject(problem('unavailable', 'A key of media tokens is still being made; try again in a moment.'))
  const timer = setTimeout(tooLong, LONGEST_WAIT)
  await Promise.race([making, overdue]).finally(() => clearTimeout(timer))
}

/**
 * Makes what is missing: a key that signs and, with `spare`, the one that comes next. Of several nodes that do so at once one
 * wins. `awaited`: a request waits for it. Takes seconds in the background for each key, and none of the event loop.
 */
async function makeMissing(
  parts: MediaKeyParts,
  { spare, awaited }: { readonly spare: boolean; readonly awaited: boolean },
): Promise<void> {
  const { records, change } = parts
  for (;;) {
    const keys = await records.mediaKeys.list()
    const next = keys.find(({ state }) => state === 'next')
    const isActive = keys.some(({ state }) => state === 'active')
    if (isActive && (next !== undefined || !spare)) return
    if (next === undefined)
      await change({ kind: 'media-key', app: null, to: 'next', ...(await makeKey(parts, awaited)) }, BY)
    else await change({ kind: 'media-key', app: null, to: 'active', key: next.id }, BY)
  }
}

const DAY = 24 * 3600 * 1000

/**
 * Keeps the keys of an installation: retires those whose last token has ended, makes what is missing, and after `days` (0: never) lets the next
 * key sign.
 */
export async function keepMediaKeys(
  parts: MediaKeyParts,
  { days, now, stopped }: { readonly days: number; readonly now: () => number; readonly stopped: () => boolean },
): Promise<void> {
  const { records, change } = parts
  for (const { id, state, until } of await records.mediaKeys.list()) {
    if (state === 'retiring' && until <= now())
      await change({ kind: 'media-key', app: null, to: 'retired', key: id }, BY)
  }
  if (stopped()) return
  await makeMissing(parts, { spare: true, awaited: false })
  const keys = await records.mediaKeys.list()
  const active = keys.find(({ state }) => state === 'active')
  if (days === 0 || active === undefined || active.since + days * DAY > now() || stopped()) return
  await rotateMediaKeys(parts, BY)
  await makeMissing(parts, { spare: true, awaited: false })
}

/** Lets the next key sign, making it where there is none; answers what that change achieved. Raises `unavailable` as {@link provideMediaKeys} does. */
export async function rotateMediaKeys(parts: MediaKeyParts, by: string) {
  for (;;) {
    await provideMediaKeys(parts)
    const next = (await parts.records.mediaKeys.list()).find(({ state }) => state === 'next')
    if (next === undefined) continue
    const changed = await parts.change({ kind: 'media-key', app: null, to: 'active', key: next.id }, by)
    if (changed !== null) return changed
  }
}

async function makeKey({ vault, keyMaker }: MediaKeyParts, awaited: boolean) {
  const { jwk, pem } = await keyMaker.make({ awaited })
  const key = randomUUID().toUpperCase()
  const { kty, n, e } = jwk
  const published = { kty, n, e, kid: key, alg: 'RS512', use: 'sig' } as Record<string, Json>
  return { key, jwk: published, sealed: vault.seal(Buffer.from(pem), MEDIA_KEY_PURPOSE) }
}

function knownKey({ id, state, jwk }: MediaKey): KnownMediaKey {
  return { id, state, jwk, verification: { kid: id, alg: 'RS512', handle: publicKey(jwk, 'RS512') } }
}
