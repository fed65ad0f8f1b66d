import type { Conversation, ConversationDetails, Json, User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { newId } from '../../secrets.ts'
import { deleteConversation, directConversation } from '../../talk.ts'
import { call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { createPages } from './pages.ts'
import { findConversation, namedUser, ownerOfDefault } from './people.ts'
import { choiceOf, type Fields, metadataOf, missing, objectsOf, textOf, wrong } from './request.ts'
import { showConversation } from './views.ts'

const TYPES = ['personal', 'sdkGroup'] as const
const MOST_PARTICIPANTS = 10
const LONGEST = 2048
/** What a conversation shows besides its name. */
const PROFILE = ['description', 'iconUrl'] as const

const PLACE = '/apps/{app}/conversations/{conversation}'

/** The calls that make, read and change conversations. */
export function createConversationCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, now } = parts
  const { conversations } = records
  const pages = createPages(parts)

  /** The first personal conversation of a user is the default one. */
  async function createPersonal(app: string, { id: user }: User, details: ConversationDetails): Promise<Conversation> {
    if ((await conversations.findBetween(app, [user, user])) !== null) {
      return conversations.create({ app, id: newId(), type: 'direct', members: [{ user }], ...details, at: now() })
    }
    const made = await directConversation(parts, app, [user, user])
    const whole = made === null ? null : await conversations.update(app, made.id, details, now())
    if (whole === null) throw failure('userNotFound')
    return whole
  }

  async function show(conversation: Conversation) {
    const newest = { after: null, limit: 1, order: 'descending' } as const
    const [owner, { items }] = await Promise.all([
      ownerOfDefault(records, conversation),
      records.messages.list(conversation.app, conversation.id, newest),
    ])
    return showConversation(conversation, { isDefault: owner !== null, last: items[0] ?? null })
  }

  return [
    call({
      versions: ['v2'],
      method: 'POST',
      path: '/apps/{app}/conversations',
      handle: async ({ app, fields }) => {
        const type = choiceOf(fields, 'type', TYPES)
        if (type === undefined) throw missing('type')
        const details = detailsOf(fields, null)
        const users = await participantsOf(parts, app, fields, type)
        const [only] = users
        const made =
          type === 'personal' && only !== undefined
            ? await createPersonal(app, only, details)
            : await conversations.create({
                app,
                id: newId(),
                type: 'group',
                members: users.map(({ id: user }) => ({ user })),
                ...details,
                at: now(),
              })
        return { status: 201, body: { conversation: await show(made) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: '/apps/{app}/conversations',
      handle: async (context) => {
        const { app, query } = context
        const named = { userId: query.text('filter[userId]'), userExternalId: query.text('filter[userExternalId]') }
        const user = await namedUser(records, app, named)
        if (user === undefined) throw failure('badRequest', 'should have required filter userId or userExternalId')
        const own = await conversations.findBetween(app, [user.id, user.id])
        const { items, ...ends } = await pages(
          context,
          `sunshine conversations ${app} ${user.serial}`,
          (offset, limit) => conversations.ofUser(app, user.id, { offset, limit, later: true }),
        )
        const shown = items.map(({ conversation, lastMessage: last }) =>
          showConversation(conversation, { isDefault: conversation.id === own?.id, last }),
        )
        return { status: 200, body: { conversations: shown, ...ends } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: PLACE,
      resource: PLACE,
      handle: async ({ app, params: { conversation = '' } }) => {
        return { status: 200, body: { conversation: await show(await findConversation(records, app, conversation)) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'PATCH',
      path: PLACE,
      resource: PLACE,
      handle: async ({ app, params, fields }) => {
        const before = await findConversation(records, app, params.conversation ?? '')
        const changed = await conversations.update(app, before.id, detailsOf(fields, before), now())
        if (changed === null) throw failure('conversationNotFound')
        return { status: 200, body: { conversation: await show(changed) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'DELETE',
      path: PLACE,
      resource: PLACE,
      handle: async ({ app, params, caller: { by } }) => {
        const conversation = await findConversation(records, app, params.conversation ?? '')
        const { id } = conversation
        if ((await ownerOfDefault(records, conversation)) !== null) {
          throw failure('badRequest', `Conversation ${id} cannot be deleted because it is the default.`)
        }
        if (!(await deleteConversation(parts, app, id, by))) throw failure('conversationNotFound')
        return { status: 200, body: {} }
      },
    }),
  ]
}

/** Those who are to take part, each once: exactly one in a personal conversation. Raises 400, or 404 where one is nobody. */
async function participantsOf(
  { records }: Parts,
  app: string,
  fields: Fields,
  type: (typeof TYPES)[number],
): Promise<readonly User[]> {
  const given = objectsOf(fields, 'participants')
  if (given === undefined && type === 'personal') throw missing('participants')
  const named = given ?? []
  if (type === 'personal' && named.length !== 1) throw wrong('participants', 'should have exactly 1 item')
  if (named.length > MOST_PARTICIPANTS) {
    throw wrong('participants', `should NOT have more than ${MOST_PARTICIPANTS} items`)
  }
  const users = new Map<number, User>()
  for (const one of named) {
    const user = await namedUser(records, app, one)
    if (user === undefined) throw missing('userId')
    users.set(user.serial, user)
  }
  return [...users.values()]
}

/** What a body says of a conversation; `before` is the one that is there, null for a new one. What is left out stays, null takes it away. */
function detailsOf(fields: Fields, before: Conversation | null): ConversationDetails {
  const profile: Record<string, Json> = { ...before?.profile }
  for (const name of PROFILE) {
    const text = textOf(fields, name, LONGEST)
    if (text !== undefined) profile[name] = text
    if (fields[name] === null) delete profile[name]
  }
  return {
    name: fields.displayName === null ? null : textOf(fields, 'displayName'),
    profile,
    metadata: metadataOf(fields, 'metadata', before?.metadata),
  }
}
