import { jwsInput } from '@gatehouse/core/jws'
import { printMediaClaims } from '@gatehouse/core/media'
import type { Resource } from '@gatehouse/core/resource'
import type { Records } from '@gatehouse/storage/records/port'
import { problem } from '../problems.ts'
import type { Board } from '../standing/board.ts'
import { mediaTokenId } from '../token-id.ts'
import type { MediaKeyring, SigningMediaKey } from './media-keys.ts'
import { createSigner } from './signer.ts'

/** Media tokens to be issued: one for each resource, all in the same second. */
export type MediaTokenRequest = {
  readonly app: string
  readonly resources: readonly Resource[]
  readonly seconds: number
  /** When they have to end at the latest, milliseconds; null: whenever `seconds` are over. */
  readonly notAfter: number | null
}

/** Issues media tokens; answers them in the order of the resources. Raises `unavailable`. */
export type MediaIssuer = (request: MediaTokenRequest) => Promise<readonly string[]>

/** What media tokens are issued with. */
export type MediaIssuerParts = {
  readonly keyring: MediaKeyring
  readonly records: Pick<Records, 'mediaKeys'>
  readonly board: Board
  readonly now: () => number
}

/** In the order of the vendor whose clients know these tokens. */
const HEADER = { alg: 'RS512', typ: 'JWT' }

/** There is one thread that signs; with two texts it does not wait for the next. */
const AT_ONCE = 2
/** Signatures that wait; whoever comes then is told to come again. */
const MOST_WAITING = 2000
/** How far the clock may lie behind the last revocation before nothing is issued. */
const PATIENCE = 6000

/** Creates the issuer of media tokens. */
export function createMediaIssuer({ keyring, records, board, now }: MediaIssuerParts): MediaIssuer {
  const background = createQueue(AT_ONCE, MOST_WAITING)
  const sign = createSigner()
  let reserved = { key: '', second: -1, until: 0 }
  let signed: { readonly second: number; readonly tokens: Map<string, Promise<string>> } = {
    second: -1,
    tokens: new Map(),
  }

  /**
   * The second that tokens of an app are issued in: later than every one that a revocation has voided, which is waited out. What is revoked while
   * this waits reaches the tokens.
   */
  async function moment(app: string): Promise<number> {
    const earliest = (board.mediaVoid(app) + 1) * 1000
    if (earliest - now() > PATIENCE) {
      throw problem(
        'unavailable',
        'The clock of the server is behind the last revocation; no token is issued until it has caught up.',
      )
    }
    await reached(earliest)
    return Math.floor(now() / 1000)
  }

  async function reached(time: number): Promise<void> {
    while (now() < time) await new Promise((resolve) => setTimeout(resolve, Math.max(1, time - now())))
  }

  /** Tells storage before the first token of a second, so that later revocations find it whatever their clock says. */
  async function reserve(key: string, second: number, until: number): Promise<boolean> {
    if (reserved.key === key && reserved.second === second && reserved.until >= until) return true
    if (!(await records.mediaKeys.reserve(key, second, until))) return false
    reserved = { key, second, until }
    return true
  }

  /** Tokens with these claims. Two of one second are the same, so a place that many ask for at once is signed for once. */
  async function tokensOf(
    signer: SigningMediaKey,
    second: number,
    payloads: readonly Buffer[],
  ): Promise<readonly string[]> {
    if (signed.second !== second) signed = { second, tokens: new Map() }
    const { tokens } = signed
    const inputs = payloads.map((payload) => jwsInput({ kid: signer.id, alg: 'RS512' }, payload, HEADER))
    const unsigned = inputs.filter((input) => !tokens.has(input))
    background.admit(unsigned.length)
    for (const input of unsigned) {
      const token = background.run(async () => `${input}.${await sign(signer, input)}`)
      tokens.set(input, token)
      token.catch(() => tokens.delete(input))
    }
    return Promise.all(inputs.map((input) => tokens.get(input) as Promise<string>))
  }

  return async function issue(request): Promise<readonly string[]> {
    const { app, resources, seconds, notAfter } = request
    const second = await moment(app)
    const end = second + seconds
    const exp = notAfter === null ? end : Math.min(end, Math.max(second + 1, Math.floor(notAfter / 1000)))
    let signer = await keyring.active()
    while (!(await reserve(signer.id, second, exp * 1000))) {
      keyring.forget()
      signer = await keyring.active()
    }
    const times = { issuedAt: second * 1000, expiresAt: exp * 1000 }
    const payloads = resources.map((resource) => Buffer.from(JSON.stringify(printMediaClaims({ resource, ...times }))))
    // Two of one second are the same token: what was revoked by itself would be issued again.
    if (payloads.some((payload) => board.tokenRevoked(app, mediaTokenId(signer.id, payload)))) {
      await reached((second + 1) * 1000)
      return issue(request)
    }
    return tokensOf(signer, second, payloads)
  }
}

/** Does no more than `atOnce` of all callers' work at a time, first come, first served. */
function createQueue(atOnce: number, mostWaiting: number) {
  const waiting: (() => void)[] = []
  let running = 0

  async function turn(): Promise<void> {
    if (running < atOnce) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
  }

  function done(): void {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }

  return {
    /** Raises `unavailable` where there is no room for so much more. */
    admit(count: number): void {
      if (waiting.length + count <= mostWaiting) return
      throw problem(
        'unavailable',
        'More tokens are being signed than this server keeps up with; ask again in a moment.',
      )
    },
    async run<R>(work: () => Promise<R>): Promise<R> {
      await turn()
      try {
        return await work()
      } finally {
        done()
      }
    },
  }
}
