import type { Attachment, Attachments, Reach, Receiver } from '../port.ts'
import { type Database, isIn } from './database.ts'
import { pageOf } from './paging.ts'
import type { Tables } from './schema.ts'
import { among, piece, rowsOf } from './statement.ts'

/**
 * Who receives an attachment: the users named at upload; otherwise, in a conversation, the sender and the members at its version. All
 * tables name users by serial and lose a user's rows when the user is deleted, so nobody who comes later under the same id inherits
 * anything.
 */
export function createReceivers(
  database: Database<Tables>,
): Pick<Attachments, 'receivers' | 'receiver' | 'receivedBy'> {
  const { flavour, read } = database

  /** All but the sender, ascending: members at the version; with `later`, everybody who was one then or came since. Each of them once. */
  async function others(
    { serial, conversationSerial, version, recipients, held }: Attachment,
    { later }: Reach,
    which: { readonly after: string; readonly limit: number } | { readonly user: string },
  ): Promise<readonly Receiver[]> {
    if (held) return []
    const [how, uid, limit] =
      'user' in which ? (['=', which.user, 1] as const) : (['>', which.after, which.limit] as const)
    const rows =
      recipients !== null
        ? await read
            .selectFrom('recipients')
            .select(['uid', 'member'])
            .where('attachment', '=', serial)
            .where('uid', how, uid)
            .orderBy('uid')
            .limit(limit)
            .execute()
        : await read
            .selectFrom('memberships')
            .select((eb) => ['uid', eb.fn.max('member').as('member')])
            .where('conversation', '=', conversationSerial ?? 0)
            .where((eb) => eb.or([eb('ended', 'is', null), eb('ended', '>', version)]))
            .$if(later !== true, (query) => query.where('joined', '<=', version))
            .where('uid', how, uid)
            .groupBy('uid')
            .orderBy('uid')
            .limit(limit)
            .execute()
    return rows.map((row) => ({ id: row.uid, serial: row.member }))
  }

  /** The sender of what has no named receivers, if they are a user still. */
  async function senderOf({ conversation, recipients, from, fromSerial }: Attachment): Promise<Receiver | null> {
    if (conversation === null || recipients !== null || from === null || fromSerial === null) return null
    const row = await read.selectFrom('users').select('serial').where('serial', '=', fromSerial).executeTakeFirst()
    return row === undefined ? null : { id: from, serial: fromSerial }
  }

  return {
    receivers: async (attachment, { after, limit, ...reach }) => {
      const from = after ?? ''
      const users = await others(attachment, reach, { after: from, limit: limit + 1 })
      const last = users.at(-1)
      const ends = users.length <= limit
      // The sender stands where their id belongs, unless they are there as a member already.
      const sender = await senderOf(attachment)
      const missing =
        sender !== null &&
        isAfter(sender.id, from) &&
        (ends || (last !== undefined && isAfter(last.id, sender.id))) &&
        users.every(({ serial }) => serial !== sender.serial)
      const all = missing ? [...users, sender].sort((a, b) => (isAfter(a.id, b.id) ? 1 : -1)) : users
      return pageOf(
        all,
        limit,
        (user) => user,
        (user) => user.id,
      )
    },

    receiver: async (attachment, user, reach = {}) => {
      if (attachment.from === user) {
        const sender = await senderOf(attachment)
        if (sender !== null) return sender
      }
      return (await others(attachment, reach, { user }))[0] ?? null
    },

    receivedBy: async (app, user, attachments, { later = false } = {}) => {
      const rows = await rowsOf<UserInConversation>(
        database,
        piece`select users.serial, conversation, joined, ended from users
          left join memberships on member = users.serial and ${among(flavour, 'conversation', serialsOf(attachments))}
          where app = ${app} and id = ${user}`,
      )
      const [found] = rows
      if (found === undefined) return { receiver: null, ids: new Set() }

      // Without any membership there is one row with the user alone.
      const intervals = rows.filter(({ conversation }) => conversation !== null)
      const serials = attachments.filter((each) => each.recipients !== null).map((each) => each.serial)
      const toUser =
        serials.length === 0
          ? []
          : await read
              .selectFrom('recipients')
              .select('attachment')
              .where('member', '=', found.serial)
              .where(isIn(flavour, 'attachment', serials))
              .execute()
      const namedIn = new Set(toUser.map((row) => row.attachment))

      const receives = ({
        app: owner,
        serial,
        conversationSerial,
        version,
        recipients,
        fromSerial,
        held,
      }: Attachment) => {
        if (owner !== app) return false
        if (recipients !== null) return namedIn.has(serial)
        if (conversationSerial !== null && fromSerial === found.serial) return true
        return (
          !held &&
          intervals.some(
            ({ conversation, joined, ended }) =>
              conversation === conversationSerial &&
              (later || joined <= version) &&
              (ended === null || version < ended),
          )
        )
      }
      const ids = new Set<string>()
      for (const each of attachments) if (receives(each)) ids.add(each.id)
      return { receiver: { id: user, serial: found.serial }, ids }
    },
  }
}

/** A user, and one of the times as member of one of the conversations asked for; those are null where there is none. */
type UserInConversation = {
  readonly serial: number
  readonly conversation: number | null
  readonly joined: number
  readonly ended: number | null
}

/** The conversations that attachments lie in, each once. */
function serialsOf(attachments: readonly Attachment[]): readonly number[] {
  const serials = new Set<number>()
  for (const { conversationSerial } of attachments) if (conversationSerial !== null) serials.add(conversationSerial)
  return [...serials]
}

/** Whether a text stands behind another one in the order of the database, which compares bytes. */
function isAfter(text: string, other: string): boolean {
  return Buffer.compare(Buffer.from(text), Buffer.from(other)) > 0
}
