import type { Page, Paging } from './port-basics.ts'
import type { Attachment, Reach } from './port-content.ts'

/** One line of the access log: an access, or several alike within a short time taken together (`count`). */
export type View = {
  readonly id: string
  readonly app: string
  readonly at: number
  readonly lastAt: number
  readonly action: string
  /** Canonical path. */
  readonly resource: string
  readonly attachment: string | null
  readonly user: string | null
  readonly credential: string | null
  readonly key: string | null
  readonly allowed: boolean
  /** `ok`, or the code of a refusal. */
  readonly reason: string
  readonly status: number
  readonly method: string
  readonly ip: string | null
  readonly userAgent: string | null
  readonly bytes: number
  readonly count: number
}

/** A view to be written; `userSerial` names the user where only the serial is known. */
export type NewView = Omit<View, 'id' | 'user'> & { readonly user: string | null; readonly userSerial: number | null }

/** Who has opened an attachment, and how much of it. */
export type Receipt = {
  readonly user: string
  readonly firstAt: number | null
  readonly lastAt: number | null
  /** Bytes delivered to this user in all. */
  readonly bytes: number
}

/** The access log and the receipts made from it. Losing the last fraction of a second in a crash is allowed here, and only here. */
export interface Views {
  /** Writes many at once; MUST NOT hold the event loop for more than a few milliseconds at a time. */
  append(views: readonly NewView[]): Promise<void>
  /** Newest first. `resource` means at and below (whole segments). */
  list(app: string, paging: Paging & { resource?: string; user?: string; allowed?: boolean }): Promise<Page<View>>
  /**
   * One line for each receiver, by user id ascending; those who have not opened it have null times. What was opened by a user who is merged
   * into them counts as theirs; what was opened under an id before a merge left it free does not count for whoever has it now.
   */
  receipts(attachment: Attachment, paging: Paging & Reach): Promise<Page<Receipt>>
  /** Deletes lines older than a time, of all apps or of one, oldest first and at most `limit`; answers how many went. */
  prune(before: number, limit: number, app?: string): Promise<number>
}
