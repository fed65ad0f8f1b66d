import type { Conversation } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { type Actor, addMembers, banMembers, removeMember } from '../membership.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { problem } from '../problems.ts'
import { Exactly, Id, List, PageQuery } from '../schemas.ts'
import { BanView, MemberView, RoleView, showBan, showMember } from '../talk-presenters.ts'

const Member = Type.Object({ conversation: Type.String(), user: Type.String() })
const Arrived = Type.Object({
  joined: Type.Array(Type.String()),
  present: Type.Array(Type.String(), { description: 'Those who were members already; their roles stay.' }),
  banned: Type.Array(Type.String(), { description: 'Those who are banned here, and so stay out.' }),
})

/** Members of conversations, and who is kept out of them. */
export function createMembers(parts: Parts) {
  const { records, vault } = parts
  const { conversations } = records
  const pager = createPager(vault)
  const params = { app: Id, conversation: Id }
  const ofMember = { ...params, uid: Id }

  async function find(app: string, id: string): Promise<Conversation> {
    const conversation = await conversations.find(app, id)
    if (conversation === null) throw problem('not_found')
    return conversation
  }

  async function findOpen(app: string, id: string): Promise<void> {
    if ((await find(app, id)).mergedInto === null) return
    throw problem('conflict', 'This conversation was merged into another one; use that one.')
  }

  /** At this door leaving takes nothing away unless the app says so. */
  const actor = (by: string): Actor => ({ by, revokeByDefault: false })

  return {
    list: endpoint({
      summary: 'List the members of a conversation',
      params,
      query: PageQuery,
      answers: { 200: List(MemberView) },
      handle: async ({ params: { app, conversation }, query }) => {
        await find(app, conversation)
        const list = `members ${app} ${conversation}`
        const page = await conversations.members(app, conversation, pager.read(query, list))
        return { status: 200, body: pager.write(page, list, showMember) }
      },
    }),

    addMany: endpoint({
      summary: 'Add members',
      description: 'Gives back what an earlier leaving took away.',
      params,
      body: Exactly(
        {
          members: Type.Array(Exactly({ user: Id, role: Type.Optional(RoleView) }), { minItems: 1, maxItems: 10_000 }),
        },
        { examples: [{ members: [{ user: 'dave' }, { user: 'erin', role: 'moderator' }] }] },
      ),
      bodyLimit: 8 * 1024 * 1024,
      answers: { 200: Arrived },
      handle: async ({ params: { app, conversation }, body: { members }, caller: { by } }) => {
        await findOpen(app, conversation)
        const arrival = await addMembers(parts, app, conversation, members, actor(by))
        if (arrival === null) throw problem('not_found')
        const ids = (users: readonly { readonly id: string }[]) => users.map(({ id }) => id)
        const { joined, present, banned } = arrival
        return { status: 200, body: { joined: ids(joined), present: ids(present), banned: ids(banned) } }
      },
    }),

    add: endpoint({
      summary: 'Add a member, or change the role of one',
      description: 'Gives back what an earlier leaving took away. Without a role a new member is a participant.',
      params: ofMember,
      body: Exactly({ role: Type.Optional(RoleView) }),
      bodyOptional: true,
      answers: { 200: Member, 201: Member },
      handle: async ({ params: { app, conversation, uid }, body: { role }, caller: { by } }) => {
        await findOpen(app, conversation)
        const newcomer = { user: uid, ...(role !== undefined && { role }) }
        const arrival = await addMembers(parts, app, conversation, [newcomer], actor(by))
        if (arrival === null) throw problem('not_found')
        if (arrival.banned.length > 0) throw problem('conflict', 'This user is banned here; lift the ban first.')
        const body = { conversation, user: uid }
        if (arrival.joined.length === 0) {
          if (role !== undefined) await conversations.setRole(app, conversation, uid, role)
          return { status: 200, body }
        }
        const location = `/v1/apps/${app}/conversations/${encodeURIComponent(conversation)}/members`
        return { status: 201, body, location }
      },
    }),

    remove: endpoint({
      summary: 'Remove a member',
      description: 'Where `revokeOnLeave` is on, what was shared with the member here is refused from then on.',
      params: ofMember,
      answers: { 204: null },
      handle: async ({ params: { app, conversation, uid }, caller: { by } }) => {
        if (!(await removeMember(parts, app, conversation, uid, actor(by)))) throw problem('not_found')
        return { status: 204 }
      },
    }),

    bans: endpoint({
      summary: 'List who is banned from a conversation',
      params,
      query: PageQuery,
      answers: { 200: List(BanView) },
      handle: async ({ params: { app, conversation }, query }) => {
        await find(app, conversation)
        const list = `bans ${app} ${conversation}`
        const page = await conversations.bans(app, conversation, pager.read(query, list))
        return { status: 200, body: pager.write(page, list, showBan) }
      },
    }),

    ban: endpoint({
      summary: 'Ban a user: out of the conversation, and kept out',
      description: 'Removes a member as removing does; nothing brings a banned user back in until the ban is lifted.',
      params: ofMember,
      answers: { 204: null },
      handle: async ({ params: { app, conversation, uid }, caller: { by } }) => {
        await findOpen(app, conversation)
        const banned = await banMembers(parts, app, conversation, { users: [uid], bannedBy: by }, actor(by))
        if (banned.length === 0) throw problem('not_found')
        return { status: 204 }
      },
    }),

    unban: endpoint({
      summary: 'Lift a ban',
      description: 'Who was banned is no member by that.',
      params: ofMember,
      answers: { 204: null },
      handle: async ({ params: { app, conversation, uid } }) => {
        if (!(await conversations.unban(app, conversation, uid))) throw problem('not_found')
        return { status: 204 }
      },
    }),
  }
}
