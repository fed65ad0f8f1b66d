import { randomBytes } from 'node:crypto'

/** Names requests: takes over a well-formed `X-Request-Id`, makes one otherwise. */
export type RequestIds = (given: string | string[] | undefined) => string

const FORM = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/

/** Creates the naming of one thread's requests: a random part of its own and a count. */
export function createRequestIds(): RequestIds {
  const origin = randomBytes(6).toString('hex')
  let count = 0
  return (given) => (typeof given === 'string' && FORM.test(given) ? given : `${origin}-${(++count).toString(36)}`)
}
