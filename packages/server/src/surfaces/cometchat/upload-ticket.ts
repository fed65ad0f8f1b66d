import type { Vault } from '../../parts.ts'

/**
 * What a client was allowed to upload: one file of this size and type, to this place, by this user's session, until this moment. Nothing of it
 * is stored; sealed, it is the proof by itself.
 */
export type Ticket = {
  readonly app: string
  readonly user: string
  readonly userSerial: number
  /** The login session that asked; without it the ticket is void. Null for a server's. */
  readonly session: string | null
  /** The key that asked; unless it is active the ticket is void. Null for a client's. */
  readonly key: string | null
  readonly conversation: string
  readonly id: string
  readonly path: string
  readonly name: string
  readonly size: number
  readonly type: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** How long a ticket is good; the vendor's own time. */
export const TICKET_MILLISECONDS = 15 * 60 * 1000

const PURPOSE = 'upload ticket'

/** The ticket as text, of letters that stand in any form. */
export function sealTicket(ticket: Ticket, vault: Vault): string {
  return Buffer.from(vault.seal(Buffer.from(JSON.stringify(ticket)), PURPOSE)).toString('base64url')
}

/** Reads a ticket that was sealed here, whatever its time; null for everything else. */
export function openTicket(text: string, vault: Vault): Ticket | null {
  if (!/^[A-Za-z0-9_-]{1,8192}$/.test(text)) return null
  try {
    return JSON.parse(Buffer.from(vault.open(Buffer.from(text, 'base64url'), PURPOSE)).toString('utf8')) as Ticket
  } catch {
    return null
  }
}
