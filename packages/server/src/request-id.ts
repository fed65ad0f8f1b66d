import type { IncomingMessage } from 'node:http'
import { newId } from './secrets.ts'

/** The id of a request: its `X-Request-Id` where that is 1–128 harmless characters, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(given) ? given : newId()
}
