import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { Found } from './files.ts'

/** Where an import goes; together with a file it decides whether that has been done. */
export type Destination = {
  readonly server: string
  readonly app: string
  readonly conversation: string
  readonly from: string | null
  readonly access: string | null
}

/** What an import has done so far, in a file of one JSON object a line. */
export type Ledger = {
  /** The key of one file on its way to one place; also the `Idempotency-Key` of its upload. */
  keyOf(found: Found): string
  has(key: string): boolean
  /** Writes a line at once, so that an interrupted import knows it. */
  add(key: string, line: { readonly path: string; readonly id: string; readonly url: string }): void
}

/** Opens the ledger, or begins one. A last line that was cut off is ignored: its upload is recognised by the server. */
export function openLedger(file: string, destination: Destination): Ledger {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const torn = lines.at(-1) !== undefined && lines.at(-1) !== ''
  const done = new Set(lines.flatMap((line) => keyIn(line)))
  if (torn) appendFileSync(file, '\n')
  return {
    keyOf({ path, size, modified }) {
      const { server, app, conversation, from, access } = destination
      const facts = [server, app, conversation, from, access, path, size, modified]
      return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
    },
    has: (key) => done.has(key),
    add(key, line) {
      appendFileSync(file, `${JSON.stringify({ key, ...line })}\n`)
      done.add(key)
    },
  }
}

function keyIn(line: string): string[] {
  try {
    const { key } = JSON.parse(line) as { key?: unknown }
    return typeof key === 'string' ? [key] : []
  } catch {
    return []
  }
}
