import type { Attachment, Attachments } from '../port.ts'
import { attachmentOf } from './attachment-row.ts'
import type { Database } from './database.ts'
import { createKnownRows } from './known-rows.ts'
import { rowsNamed } from './named.ts'
import type { Tables } from './schema.ts'
import { among, piece, rowsOf } from './statement.ts'

/** How many attachments are known to a thread at most, and in about how many bytes. */
const KNOWN = { entries: 20_000, bytes: 32 * 1024 * 1024 }

/** Attachments by their ids, as messages name them. Of those that were read before, only the revision is read again, by serial. */
export function createNamedAttachments({ flavour, read }: Database<Tables>): Pick<Attachments, 'findMany'> {
  const memory = createKnownRows<string, Attachment>(KNOWN)

  /** The revisions that known attachments have now, by serial. One that is there is the same attachment: a serial is never used twice. */
  async function revisionsOf(serials: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const revisions = new Map<number, number>()
    if (serials.length === 0) return revisions
    const rows = await rowsOf<{ readonly serial: number; readonly revision: number }>(
      read,
      flavour,
      piece`select serial, revision from attachments where ${among(flavour, 'serial', serials)}`,
    )
    for (const { serial, revision } of rows) revisions.set(serial, revision)
    return revisions
  }

  return {
    findMany: async (app, ids) => {
      const wanted = [...new Set(ids)]
      const known = wanted.map((id) => memory.get(id))
      const serials: number[] = []
      for (const one of known) if (one !== undefined) serials.push(one.value.serial)
      const revisions = await revisionsOf(serials)
      const unknown: string[] = []
      const attachments = wanted.map((id, index) => {
        const one = known[index]
        // Ids are an app's own.
        if (one?.value.app === app && revisions.get(one.value.serial) === one.revision) return one.value
        unknown.push(id)
        return null
      })
      if (unknown.length > 0) {
        const found = new Map<string, Attachment>()
        for (const row of await rowsNamed(read, flavour, 'attachments', '*', app, unknown)) {
          const attachment = attachmentOf(row)
          found.set(row.id, attachment)
          memory.set(row.id, row.revision, attachment, sizeOf(attachment))
        }
        for (const [index, id] of wanted.entries()) attachments[index] ??= found.get(id) ?? null
      }
      return attachments.filter((attachment) => attachment !== null)
    },
  }
}

/** About how much memory an attachment takes. */
function sizeOf({ path, filename, recipients }: Attachment): number {
  const named = recipients?.reduce((sum, uid) => sum + 2 * uid.length + 32, 0) ?? 0
  return 1000 + 2 * (path.length + filename.length) + named
}
