import { setTimeout as delay } from 'node:timers/promises'
import type { AttachmentView } from '../answers.ts'
import type { Client } from '../client.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import type { Found } from './files.ts'
import { formOf } from './form.ts'

const TRIES = 4
const FIRST_WAIT_MILLISECONDS = 250

/**
 * Sends one file as an attachment; it is read while it is sent. Repeats where the server does not answer or is busy, always
 * with the same `Idempotency-Key`, so that a repetition makes nothing twice. Raises {@link Failure}, or an AbortError.
 */
export async function upload(
  client: Client,
  path: string,
  found: Found,
  wanted: { readonly key: string; readonly fields: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<AttachmentView> {
  for (let attempt = 1; ; attempt++) {
    try {
      const form = formOf(found, wanted.fields, typeOf(found.path))
      const headers = { 'idempotency-key': wanted.key }
      return await client.post<AttachmentView>(path, form, { headers, signal: wanted.signal })
    } catch (error) {
      if (attempt === TRIES || !passing(error)) throw error
      await delay(FIRST_WAIT_MILLISECONDS * 2 ** (attempt - 1), undefined, { signal: wanted.signal })
    }
  }
}

/** Whether every other file would fail for the same reason. */
export function concernsAll(error: unknown): boolean {
  if (!(error instanceof Failure)) return false
  return error.exit === EXIT.refused || error.exit === EXIT.unreachable || error.status === 404 || error.status === 507
}

function passing(error: unknown): boolean {
  if (!(error instanceof Failure)) return false
  return (
    error.exit === EXIT.unreachable ||
    [408, 429, 503].includes(error.status ?? 0) ||
    error.code === 'idempotency_in_progress'
  )
}

/** The declared type of texts, whose bytes do not tell; everything else is recognised by the server. */
function typeOf(path: string): string {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  return TEXTS[ending] ?? 'application/octet-stream'
}

const TEXTS: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  json: 'application/json',
  vtt: 'text/vtt',
}
