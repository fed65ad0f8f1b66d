import type { Conversation, MemberRole, User } from '@gatehouse/storage/records/port'
import { banMembers, joinConversation, removeMember } from '../../membership.ts'
import type { Parts } from '../../parts.ts'
import { type Answer, type Context, call, type SurfaceCall } from './call.ts'
import { badField, failure, noSuchUser } from './errors.ts'
import { findGroup, groupFor, isAbove, notJoined, type Rank, rankOf, readLists } from './group.ts'
import { actorOf, addLists } from './newcomers.ts'
import { findUser } from './people.ts'
import { seconds, showGroup, showMember, showUser } from './people-view.ts'
import { choiceOf, pageOf, paginationOf, textOf } from './request.ts'

const ROLES: readonly MemberRole[] = ['admin', 'moderator', 'participant']

/** The calls on the members of groups: who is in, who comes, goes, and is kept out. */
export function createMemberCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, now } = parts
  const { conversations } = records
  const groupOf = ({ app, params }: Context) => findGroup(records, app, params.guid ?? '')

  async function add(context: Context): Promise<Answer> {
    const { app, fields, caller, reader, who } = context
    const { group, rank } = await groupFor(records, context, 'moderator')
    const lists = readLists(fields)
    if (!isAbove(rank, 'moderator') && lists.admins.length + lists.moderators.length > 0) {
      throw failure('ERR_PERMISSION_DENIED', 'Only admins may add admins and moderators.')
    }
    const bannedBy = reader?.id ?? null
    const asked = { app, guid: group.id, lists, by: caller.by, bannedBy, rank: who === 'client' ? rank : null }
    return { data: await addLists(parts, asked) }
  }

  async function join(context: Context, uid: string): Promise<Answer> {
    const { app, fields, caller } = context
    const group = await groupOf(context)
    const password = textOf(fields, 'password', 100)
    const outcome = await joinConversation(parts, group, { user: uid, password }, caller)
    if (outcome === 'present') {
      throw failure(
        'ERR_ALREADY_JOINED',
        `The user with UID ${uid} has already joined the group with GUID ${group.id}.`,
      )
    }
    if (outcome !== 'joined') throw failure('ERR_PERMISSION_DENIED', WHY_NOT[outcome])
    const user = await findUser(records, app, uid)
    if (user === null) throw noSuchUser(uid)
    const [after, member] = await Promise.all([groupOf(context), conversations.member(app, group.id, user.id)])
    return { data: joined(user, showGroup(after, member), group.id, seconds(now())) }
  }

  async function leave(context: Context, uid: string): Promise<Answer> {
    const { app, caller, who } = context
    const group = await groupOf(context)
    if (who === 'client' && group.owner === uid && (await conversations.member(app, group.id, uid)) !== null) {
      throw failure('ERR_OWNER_EXIT_FORBIDDEN')
    }
    if (!(await removeMember(parts, app, group.id, uid, actorOf(caller.by)))) {
      throw failure('ERR_GROUP_NOT_JOINED', notJoined(uid, group.id))
    }
    const message = `The user with UID ${uid} has left the group with GUID ${group.id}.`
    return { data: { success: true, message } }
  }

  async function listMembers(context: Context): Promise<Answer> {
    const { app, query } = context
    const { group } = await groupFor(records, context, 'participant')
    const page = pageOf(query)
    const named = [...query.list('scopes'), ...query.list('scope')]
    const roles = ROLES.filter((role) => named.includes(role))
    const search = query.text('searchKey')
    const { items, total } = await conversations.membersPage(app, group.id, {
      ...page,
      ...(named.length > 0 && { roles }),
      ...(search !== undefined && { search }),
    })
    const users = await records.users.findMany(
      app,
      items.map(({ id }) => id),
    )
    const known = new Map(users.map((user) => [user.id, user]))
    const shown = items.flatMap((member) => {
      const user = known.get(member.id)
      return user === undefined ? [] : [showMember(user, member)]
    })
    return { data: shown, meta: { pagination: paginationOf(page, total, shown.length) } }
  }

  /** Another user of the path, below the caller in rank; `rank` is what they are to the group. */
  async function targetOf(context: Context, least: Rank): Promise<{ group: Conversation; user: User; rank: Rank }> {
    const { app, params, who } = context
    const { group, rank: own } = await groupFor(records, context, least)
    const uid = params.uid ?? ''
    const user = await findUser(records, app, uid)
    if (user === null) throw noSuchUser(uid)
    const rank = rankOf(group, await conversations.member(app, group.id, user.id))
    if (who === 'client' && !isAbove(own, rank)) {
      throw failure('ERR_PERMISSION_DENIED', `The user with UID ${uid} does not stand below you in this group.`)
    }
    return { group, user, rank }
  }

  function requireMember(rank: Rank, uid: string, guid: string): void {
    if (rank === 'outsider') {
      throw failure('ERR_NOT_A_MEMBER', `The user with UID ${uid} is not a member of the group with GUID ${guid}.`)
    }
  }

  const MEMBERS = '/groups/{guid}/members'
  const MEMBER = '/groups/{guid}/members/{uid}'
  const BANNED = '/groups/{guid}/bannedusers'

  return [
    call({ method: 'GET', path: MEMBERS, who: 'both', handle: listMembers }),
    call({
      method: 'POST',
      path: MEMBERS,
      who: 'both',
      handle: async (context) => {
        const { who, reader, fields } = context
        const lists = ['admins', 'moderators', 'participants', 'usersToBan'].some((name) => fields[name] !== undefined)
        return reader !== null && (who === 'client' || !lists) ? join(context, reader.id) : add(context)
      },
    }),
    call({ method: 'PUT', path: MEMBERS, who: 'both', handle: add }),
    call({
      method: 'DELETE',
      path: MEMBERS,
      who: 'both',
      handle: async (context) => {
        if (context.reader === null)
          throw failure('ERR_BAD_REQUEST', 'Name the user who leaves in the header onBehalfOf.')
        return leave(context, context.reader.id)
      },
    }),

    call({
      method: 'PUT',
      path: MEMBER,
      who: 'both',
      handle: async (context) => {
        const { app, fields } = context
        const { group, user, rank } = await targetOf(context, 'admin')
        const scope = choiceOf(fields, 'scope', ROLES)
        if (scope === undefined) throw badField('scope', 'The scope field is required.')
        requireMember(rank, user.id, group.id)
        await conversations.setRole(app, group.id, user.id, scope)
        const message = `The scope of the member with UID ${user.id} in the Group with GUID ${group.id} is ${scope} now.`
        return { data: { success: true, message } }
      },
    }),
    call({
      method: 'DELETE',
      path: MEMBER,
      who: 'both',
      handle: async (context) => {
        const { app, caller } = context
        const { group, user, rank } = await targetOf(context, 'moderator')
        requireMember(rank, user.id, group.id)
        await removeMember(parts, app, group.id, user.id, actorOf(caller.by))
        const message = `The member with ${user.id} has been kicked from the Group with ${group.id}.`
        return { data: { success: true, message } }
      },
    }),

    call({
      method: 'GET',
      path: BANNED,
      who: 'both',
      handle: async (context) => {
        const { app, query } = context
        const { group } = await groupFor(records, context, 'moderator')
        const page = pageOf(query)
        const search = query.text('searchKey')
        const { items, total } = await conversations.bansPage(app, group.id, {
          ...page,
          ...(search !== undefined && { search }),
        })
        const uids = items.map(({ id }) => id)
        const shown = await records.users.findMany(app, uids)
        return {
          data: shown.map((user) => ({ ...showUser(user), scope: 'banned' })),
          meta: { pagination: paginationOf(page, total, shown.length) },
        }
      },
    }),
    call({
      method: 'POST',
      path: `${BANNED}/{uid}`,
      who: 'both',
      handle: async (context) => {
        const { app, caller, reader } = context
        const { group, user } = await targetOf(context, 'moderator')
        const ban = { users: [user.id], bannedBy: reader?.id ?? null }
        await banMembers(parts, app, group.id, ban, actorOf(caller.by))
        const message = `The user with ${user.id} has been banned from the Group with ${group.id}.`
        return { data: { success: true, message } }
      },
    }),
    call({
      method: 'DELETE',
      path: `${BANNED}/{uid}`,
      who: 'both',
      handle: async (context) => {
        const { app } = context
        const { group, user } = await targetOf(context, 'moderator')
        if (!(await conversations.unban(app, group.id, user.id))) {
          throw failure('ERR_NOT_A_MEMBER', `The user with UID ${user.id} is not banned from the group.`)
        }
        const message = `The user with ${user.id} has been unbanned from the Group with ${group.id}.`
        return { data: { success: true, message } }
      },
    }),
  ]
}

const WHY_NOT = {
  banned: 'The user is banned from this group.',
  'invited only': 'This group is private; its admins add members.',
  'wrong password': 'The password of the group is not right.',
} as const

/** The message that tells of a joining. It is not kept: its id is none that a history has. */
function joined(user: User, group: ReturnType<typeof showGroup>, guid: string, at: number) {
  const entity = showUser(user)
  return {
    id: '0',
    category: 'action',
    type: 'groupMember',
    conversationId: `group_${guid}`,
    sender: user.id,
    receiverType: 'group',
    receiver: guid,
    data: {
      action: 'joined',
      entities: {
        by: { entity, entityType: 'user' },
        for: { entity: group, entityType: 'group' },
        on: { entity, entityType: 'user' },
      },
    },
    sentAt: at,
    updatedAt: at,
  }
}
