import { randomFillSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { newId } from './secrets.ts'

type Request = Pick<IncomingMessage, 'headers'>

const ID_BYTES = 12
/** Ids drawn at a time. */
const DRAWN = 256

/** The id of a request: its `X-Request-Id` where that is 1–128 harmless characters, else a new one. */
export function requestId(request: Request): string {
  return givenId(request) ?? newId()
}

/**
 * Creates a {@link requestId} for many requests: random bytes are drawn and written down for many ids at once, since asking
 * the generator costs as much for twelve of them as for thousands.
 */
export function createRequestIds(): (request: Request) => string {
  const bytes = Buffer.allocUnsafeSlow(ID_BYTES * DRAWN)
  let drawn = ''
  let at = 0
  return (request) => {
    const given = givenId(request)
    if (given !== null) return given
    if (at === drawn.length) {
      drawn = randomFillSync(bytes).toString('hex')
      at = 0
    }
    at += 2 * ID_BYTES
    return drawn.slice(at - 2 * ID_BYTES, at)
  }
}

function givenId({ headers }: Request): string | null {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(given) ? given : null
}
