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
   * Whether each of these is as it was when it was read: one that is there at the same revision is the same attachment. Where the database
   * answers in another order than it was asked in, they count as changed, which costs time and nothing else.
   */
  async function unchanged(known: readonly Known<Attachment>[]): Promise<ReadonlySet<Attachment>> {
    const same = new Set<Attachment>()
    if (known.length === 0) return same
    const serials = known.map(({ value }) => value.serial)
    const found = await numbersOf(
      database,
      ['serial', 'revision'],
      piece`select serial, revision from ${tableOf(database.flavour, serials)} cross join attachments where serial = wanted.value`,
    )
    let at = 0
    for (const { value, revision } of known) {
      if (found.serial[at] !== value.serial) continue
      if (found.revision[at] === revision) same.add(value)
      at++
    }
    return same
  }

  return {
    findMany: async (app, ids) => {
      const wanted = [...new Set(ids)]
      const known = wanted.map((id) => memory.get(id))
      // Ids are an app's own.
      const same = await unchanged(known.filter((one): one is Known<Attachment> => one?.value.app === app))
      const unknown: string[] = []
      const attachments = wanted.map((id, index) => {
        const one = known[index]
        if (one !== undefined && same.has(one.value)) return one.value
        unknown.push(id)
        return null
      })
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
