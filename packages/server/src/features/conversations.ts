import type { Conversation, ConversationDetails, Receiver } from '@gatehouse/storage/records/port'
import { type Static, Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { type Actor, changeMembers, giveBack, revokesOnLeave } from '../membership.ts'
import { allPages, createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { invalid, problem } from '../problems.ts'
import { Exactly, Id, List, Metadata, Name, Nullable, PageQuery, Tags } from '../schemas.ts'
import { deleteConversation } from '../talk.ts'
import { ConversationView, JoiningView, showConversation } from '../talk-presenters.ts'

const WithMembers = Type.Object({
  ...ConversationView.properties,
  members: Type.Array(Type.String(), { examples: [['alice', 'bob']] }),
})

const DETAILS = {
  name: Type.Optional(Nullable(Name)),
  owner: Type.Optional(Nullable(Id)),
  joining: Type.Optional(JoiningView),
  password: Type.Optional(
    Nullable(Type.String({ minLength: 1, maxLength: 256, description: 'For joining; only its hash is kept.' })),
  ),
  profile: Type.Optional(Metadata),
  metadata: Type.Optional(Metadata),
  tags: Type.Optional(Tags),
}
const Details = Exactly(DETAILS)

/** Conversations: groups and talks of two. */
export function createConversations(parts: Parts) {
  const { records, standings, passwords, vault, now } = parts
  const { conversations } = records
  const pager = createPager(vault)
  const params = { app: Id, conversation: Id }

  async function find(app: string, id: string): Promise<Conversation> {
    const conversation = await conversations.find(app, id)
    if (conversation === null) throw problem('not_found')
    return conversation
  }

  async function detailsOf({ password, ...details }: Static<typeof Details>): Promise<ConversationDetails> {
    // Schemas of free form say `unknown` where storage says JSON; what was parsed from JSON is both.
    const plain = details as ConversationDetails
    if (password === undefined) return plain
    return { ...plain, passwordHash: password === null ? null : await passwords.hash(password, null) }
  }

  async function showWhole(app: string, conversation: Conversation) {
    const members: string[] = []
    for await (const page of allPages<Receiver>((paging) => conversations.members(app, conversation.id, paging))) {
      for (const { id } of page) members.push(id)
    }
    return { ...showConversation(conversation), members }
  }

  async function takeAccess(app: string, conversation: string, users: readonly Receiver[], by: string) {
    await changeMembers({ standings }, app, conversation, { users, to: 'out' }, by)
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
        'Members who are no users yet become users; those who are banned here stay out. Details that are left out stay as they are. ' +
        'What was shared before stays with those who received it then; where `revokeOnLeave` is on, leaving takes it away and coming ' +
        'back gives it back.',
      params,
      body: Exactly(
        {
          type: Type.Union([Type.Literal('direct'), Type.Literal('group')]),
          members: Type.Array(Id, { maxItems: 200_000 }),
          ...DETAILS,
        },
        { examples: [{ type: 'group', members: ['alice', 'bob', 'carol'], name: 'The team' }] },
      ),
      bodyLimit: 64 * 1024 * 1024,
      answers: { 200: WithMembers, 201: WithMembers },
      handle: async ({ params: { app, conversation: id }, body: { type, members, ...details }, caller: { by } }) => {
        const unique = [...new Set(members)]
        if (type === 'direct' && unique.length > 2) {
          throw invalid({ path: '/members', message: 'must be at most two for a direct conversation' })
        }
        const actor: Actor = { by, revokeByDefault: false }
        const revokes = await revokesOnLeave(parts, app, actor)
        // Before they are members no more: what failed halfway is then done by the same call, sent once more.
        if (revokes) await takeAccess(app, id, await leaving(app, id, new Set(unique)), by)
        const written = await detailsOf(details)
        const put = await conversations.put({ app, id, type, members: unique, at: now(), ...written })
        if (put === null) throw mergedAway()
        if (revokes) await takeAccess(app, id, put.left, by)
        if (!put.created) await giveBack(parts, app, id, put.joined, by)
        const body = await showWhole(app, await find(app, id))
        if (!put.created) return { status: 200, body }
        return { status: 201, body, location: `/v1/apps/${app}/conversations/${encodeURIComponent(id)}` }
      },
    }),

    change: endpoint({
      summary: 'Change what is kept of a conversation',
      description: 'What is left out stays as it is; what is sent replaces it as a whole. Type and members stay.',
      params,
      body: Details,
      answers: { 200: ConversationView },
      handle: async ({ params: { app, conversation }, body }) => {
        const changed = await conversations.update(app, conversation, await detailsOf(body), now())
        if (changed === null) throw problem('not_found')
        return { status: 200, body: showConversation(changed) }
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

    delete: endpoint({
      summary: 'Delete a conversation with its messages and attachments, at once',
      description: 'Those that were merged into it go along. One that was merged into another goes with that one only.',
      params,
      answers: { 204: null },
      handle: async ({ params: { app, conversation }, caller: { by } }) => {
        const { mergedInto } = await find(app, conversation)
        if (mergedInto !== null) throw mergedAway()
        if (!(await deleteConversation(parts, app, conversation, by))) throw problem('not_found')
        return { status: 204 }
      },
    }),
  }
}

function mergedAway() {
  return problem('conflict', 'This conversation was merged into another one; use that one.')
}
