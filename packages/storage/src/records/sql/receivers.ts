import type { Attachment, Attachments, Paging } from '../port.ts'
import { type Database, isIn } from './database.ts'
import { pageOf } from './paging.ts'
import type { Tables } from './schema.ts'

/**
 * Who receives an attachment: the users named at upload, or the members of its conversation at its version. Both tables
 * lose a user's rows when the user is deleted, so nobody who comes later under the same id inherits anything.
 */
export function createReceivers({
  flavour,
  read,
}: Database<Tables>): Pick<Attachments, 'receivers' | 'receiver' | 'receivedBy'> {
  const receiving = ({ serial, conversationSerial, version, recipients }: Attachment) => {
    const named = read.selectFrom('recipients').select(['uid', 'member']).where('attachment', '=', serial)
    const members = read
      .selectFrom('memberships')
      .select(['uid', 'member'])
      .where('conversation', '=', conversationSerial ?? 0)
      .where('joined', '<=', version)
      .where((eb) => eb.or([eb('ended', 'is', null), eb('ended', '>', version)]))
    return {
      page: async ({ after, limit }: Paging) => {
        const from = after ?? ''
        return recipients !== null
          ? named
              .where('uid', '>', from)
              .orderBy('uid')
              .limit(limit + 1)
              .execute()
          : members
              .where('uid', '>', from)
              .orderBy('uid')
              .limit(limit + 1)
              .execute()
      },
      one: async (user: string) =>
        recipients !== null
          ? named.where('uid', '=', user).executeTakeFirst()
          : members.where('uid', '=', user).executeTakeFirst(),
    }
  }

  return {
    receivers: async (attachment, paging) => {
      const rows = await receiving(attachment).page(paging)
      return pageOf(
        rows,
        paging.limit,
        (row) => ({ id: row.uid, serial: row.member }),
        (row) => row.uid,
      )
    },

    receiver: async (attachment, user) => {
      const row = await receiving(attachment).one(user)
      return row === undefined ? null : { id: row.uid, serial: row.member }
    },

    receivedBy: async (app, user, attachments) => {
      const found = await read
        .selectFrom('users')
        .select('serial')
        .where('app', '=', app)
        .where('id', '=', user)
        .executeTakeFirst()
      if (found === undefined) return { receiver: null, ids: new Set() }

      const serials = attachments.filter((each) => each.recipients !== null).map((each) => each.serial)
      const toUser = await read
        .selectFrom('recipients')
        .select('attachment')
        .where('member', '=', found.serial)
        .where(isIn(flavour, 'attachment', serials))
        .execute()
      const namedIn = new Set(toUser.map((row) => row.attachment))

      const conversations = new Set(attachments.flatMap((each) => each.conversationSerial ?? []))
      const intervals = await read
        .selectFrom('memberships')
        .select(['conversation', 'joined', 'ended'])
        .where('member', '=', found.serial)
        .where(isIn(flavour, 'conversation', [...conversations]))
        .execute()

      const receives = attachments.filter(({ app: owner, serial, conversationSerial, version, recipients }) => {
        if (owner !== app) return false
        if (recipients !== null) return namedIn.has(serial)
        return intervals.some(
          ({ conversation, joined, ended }) =>
            conversation === conversationSerial && joined <= version && (ended === null || version < ended),
        )
      })
      return { receiver: { id: user, serial: found.serial }, ids: new Set(receives.map((each) => each.id)) }
    },
  }
}
