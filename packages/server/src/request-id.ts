import type { IncomingMessage } from 'node:http'
import { randomBytes } from 'node:crypto'

const ORIGIN = randomBytes(9).toString('hex')
let count = 0

/** The id of a request: its `X-Request-Id` where that is 1–128 harmless characters, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && FORM.test(given) ? given : `${ORIGIN}${(++count).toString(16).padStart(8, '0')}`
}

const FORM = /^[A-Za-z0-9._~+/=-]{1,128}$/
