import type { Conversation, Receiver } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { allPages, createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { ConversationView, showConversation } from '../presenters.ts'
import { invalid, problem } from '../problems.ts'
import { Exactly, Id, List, PageQuery } from '../schemas.ts'

const WithMembers = Type.Object({
  ...ConversationView.properties,
  members: Type.Array(Type.String(), { examples: [['alice', 'bob']] }),
})
const Member = Type.Object({ conversation: Type.String(), user: Type.String() })

/** Conversations and their members. */
export function createConversations(parts: Parts) {
  const { records, standings, tenants, vault, now } = parts
  const { conversations } = records
  const pager = createPager(vault)
  const params = { app: Id, conversation: Id }

  async function find(app: string, id: string): Promise<Conversation> {
    const conversation = await conversations.find(app, id)
    if (conversation === null) throw problem('not_found')
    return conversation
  }

  async function showWhole(app: string, conversation: Conversation) {
    const members: string[] = []
    for await (const page of allPages<Receiver>((paging) => conversations.members(app, conversation.id, paging))) {
      for (const { id } of page) members.push(id)
    }
    return { ...showConversation(conversation), members }
  }

  /** Whether leaving takes access away in this app; null where its settings leave that to each door. */
  async function revokesOnLeave(app: string): Promise<boolean | null> {
    return (await tenants.find(app))?.settings.revokeOnLeave ?? null
  }

  async function turn(app: string, conversation: string, users: readonly Receiver[], to: 'in' | 'out', by: string) {
    for (const { id: user } of users) await standings.change({ kind: 'member', app, conversation, user, to }, by)
  }

  /** Present members who are not among those who are to be. */
  async function leaving(app: string, id: string, staying: ReadonlySet<string>): Promise<readonly Receiver[]> {
    if ((await conversations.find(app, id))?.mergedInto !== null) return []
    const found: Receiver[] = []
    for await (const page of allPages<Receiver>((paging) => conversations.members(app, id, paging))) {
      found.push(...page.filter((member) => !staying.has(member.id)))
    }
    return found
  }

  return {
    put: endpoint({
      summary: 'Make a conversation, or replace its type and members',
      description:
        'Members who are no users yet become users. What was shared before stays with those who received it then; where ' +
        '`revokeOnLeave` is on, leaving takes it away and coming back gives it back.',
      params,
      body: Exactly(
        {
          type: Type.Union([Type.Literal('direct'), Type.Literal('group')]),
          members: Type.Array(Id, { maxItems: 200_000 }),
        },
        { examples: [{ type: 'group', members: ['alice', 'bob', 'carol'] }] },
      ),
      bodyLimit: 64 * 1024 * 1024,
      answers: { 200: WithMembers, 201: WithMembers },
      handle: async ({ params: { app, conversation: id }, body: { type, members }, caller: { by } }) => {
        const unique = [...new Set(members)]
        if (type === 'direct' && unique.length > 2) {
          throw invalid({ path: '/members', message: 'must be at most two for a direct conversation' })
        }
        const revokes = await revokesOnLeave(app)
        // Before they are members no more: what failed halfway is then done by the same call, sent once more.
        if (revokes === true) await turn(app, id, await leaving(app, id, new Set(unique)), 'out', by)
        const put = await conversations.put({ app, id, type, members: unique, at: now() })
        if (put === null) throw mergedAway()
        if (revokes === true) await turn(app, id, put.left, 'out', by)
        if (revokes !== false && !put.created) await turn(app, id, put.joined, 'in', by)
        const body = await showWhole(app, await find(app, id))
        if (!put.created) return { status: 200, body }
        return { status: 201, body, location: `/v1/apps/${app}/conversations/${encodeURIComponent(id)}` }
      },
    }),

    get: endpoint({
      summary: 'Read a conversation with its members',
      params,
      answers: { 200: WithMembers },
      handle: async ({ params: { app, conversation } }) => ({
        status: 200,
        body: await showWhole(app, await find(app, conversation)),
      }),
    }),

    list: endpoint({
      summary: 'List the conversations of an app',
      params: { app: Id },
      query: PageQuery,
      answers: { 200: List(ConversationView) },
      handle: async ({ params: { app }, query }) => {
        const list = `conversations ${app}`
        const page = await conversations.list(app, pager.read(query, list))
        return { status: 200, body: pager.write(page, list, showConversation) }
      },
    }),

    members: endpoint({
      summary: 'List the members of a conversation',
      params,
      query: PageQuery,
      answers: { 200: List(Type.Object({ user: Type.String() })) },
      handle: async ({ params: { app, conversation }, query }) => {
        await find(app, conversation)
        const list = `members ${app} ${conversation}`
        const page = await conversations.members(app, conversation, pager.read(query, list))
        return { status: 200, body: pager.write(page, list, ({ id }) => ({ user: id })) }
      },
    }),

    addMember: endpoint({
      summary: 'Add a member',
      description: 'Gives back what an earlier leaving took away.',
      params: { ...params, uid: Id },
      answers: { 200: Member, 201: Member },
      handle: async ({ params: { app, conversation, uid }, caller: { by } }) => {
        if ((await find(app, conversation)).mergedInto !== null) throw mergedAway()
        const added = await conversations.addMember(app, conversation, uid, now())
        if (added === null) throw problem('not_found')
        // Also for one who is a member already: a merge may have brought them in, or an earlier call ended halfway.
        await turn(app, conversation, [added.member], 'in', by)
        const body = { conversation, user: uid }
        if (!added.changed) return { status: 200, body }
        const location = `/v1/apps/${app}/conversations/${encodeURIComponent(conversation)}/members`
        return { status: 201, body, location }
      },
    }),

    removeMember: endpoint({
      summary: 'Remove a member',
      description: 'Where `revokeOnLeave` is on, what was shared with the member here is refused from then on.',
      params: { ...params, uid: Id },
      answers: { 204: null },
      handle: async ({ params: { app, conversation, uid }, caller: { by } }) => {
        if (!(await conversations.isMember(app, conversation, uid))) throw problem('not_found')
        if ((await revokesOnLeave(app)) === true) {
          await standings.change({ kind: 'member', app, conversation, user: uid, to: 'out' }, by)
        } else {
          await conversations.removeMember(app, conversation, uid, now())
        }
        return { status: 204 }
      },
    }),

    merge: endpoint({
      summary: 'Merge another conversation into this one',
      description: 'The members of the other join this one. Attachments keep their paths, receivers and links.',
      params,
      body: Exactly({ from: Id }, { examples: [{ from: 'old-team' }] }),
      answers: { 200: WithMembers },
      handle: async ({ params: { app, conversation }, body: { from } }) => {
        const merged = await conversations.merge(app, conversation, from, now())
        if (merged !== null) return { status: 200, body: await showWhole(app, merged) }
        await Promise.all([find(app, conversation), find(app, from)])
        throw problem('conflict', 'Both have to be different conversations that were not merged into another one yet.')
      },
    }),
  }
}

function mergedAway() {
  return problem('conflict', 'This conversation was merged into another one; use that one.')
}
