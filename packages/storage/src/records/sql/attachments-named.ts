import type { Attachment, Attachments } from '../port.ts'
import { attachmentOf } from './attachment-row.ts'
import type { Database } from './database.ts'
import { createKnownRows, type Known } from './known-rows.ts'
import { rowsNamed } from './named.ts'
import type { Tables } from './schema.ts'
import { numbersOf, piece, tableOf } from './statement.ts'

/** How many attachments are known to a thread at most, and in about how many bytes. */
const KNOWN = { entries: 20_000, bytes: 32 * 1024 * 1024 }

/** Attachments by their ids, as messages name them. Of those that were read before, only the revision is read again, by serial. */
export function createNamedAttachments(database: Database<Tables>): Pick<Attachments, 'findMany'> {
  const memory = createKnownRows<string, Attachment>(KNOWN)

  /**
   * Those of an app that are as they were when they were read; null in the places of others. What is there at the same revision is the same
   * attachment: a serial is never used twice.
   */
  async function unchanged(
    app: string,
    known: readonly (Known<Attachment> | undefined)[],
  ): Promise<(Attachment | null)[]> {
    const serials: number[] = []
    // Ids are an app's own.
    for (const one of known) if (one?.value.app === app) serials.push(one.value.serial)
    if (serials.length === 0) return known.map(() => null)
    const { serial, revision } = await numbersOf(
      database,
      ['serial', 'revision'],
      piece`select serial, revision from ${tableOf(database.flavour, serials)} cross join attachments where serial = wanted.value`,
    )
    const revisions = new Map<number, number>()
    for (let i = 0; i < serial.length; i++) revisions.set(serial[i] as number, revision[i] as number)
    return known.map((one) =>
      one !== undefined && revisions.get(one.value.serial) === one.revision ? one.value : null,
    )
  }

  return {
    findMany: async (app, ids) => {
      const wanted = [...new Set(ids)]
      const attachments = await unchanged(
        app,
        wanted.map((id) => memory.get(id)),
      )
      const unknown: string[] = []
      for (const [index, id] of wanted.entries()) if (attachments[index] === null) unknown.push(id)
      if (unknown.length > 0) {
        const found = new Map<string, Attachment>()
        for (const row of await rowsNamed(database, 'attachments', '*', app, unknown)) {
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
