import type { Conversation, ConversationDetails, Joining, Json, Member } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { deleteConversation } from '../../talk.ts'
import { type Answer, type Context, call, type SurfaceCall } from './call.ts'
import { badField, failure, noSuchGroup, noSuchUser } from './errors.ts'
import { findGroup, groupFor, type Lists, notJoined, readLists } from './group.ts'
import { addLists, NOBODY } from './newcomers.ts'
import { findUser, newGuid, withoutTokens } from './people.ts'
import { GROUP_PROFILE, GROUP_TYPES, showGroup } from './people-view.ts'
import {
  choiceOf,
  type Fields,
  linesOf,
  objectOf,
  pageOf,
  paginationOf,
  requiredText,
  textOf,
  textsOf,
} from './request.ts'

const TYPES = Object.values(GROUP_TYPES)
const MOST_TAGS = 25
const METADATA = 16_384
const LONGEST_TEXT = 2048
const LONGEST_PASSWORD = 100

/** The calls that read and write groups. */
export function createGroupCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, passwords, now } = parts
  const { conversations } = records

  /** What the reader is in a group: undefined where nobody reads. */
  async function memberOf({ app, reader }: Context, guid: string): Promise<Member | null | undefined> {
    return reader === null ? undefined : conversations.member(app, guid, reader.id)
  }

  async function show(context: Context, group: Conversation) {
    return showGroup(group, await memberOf(context, group.id))
  }

  /** The owner whom a server names, or the user who makes the group; null without either. */
  async function ownerOf({ app, who, reader, fields }: Context): Promise<string | null> {
    const named = who === 'rest' ? textOf(fields, 'owner') : undefined
    if (!named) return reader?.id ?? null
    const user = await findUser(records, app, named)
    if (user?.status !== 'active') throw noSuchUser(named)
    return user.id
  }

  /** Hashes for the user who calls, or for a server. */
  function hashing({ app, who, reader }: Context): (password: string) => Promise<string> {
    return (password) => passwords.hash(password, who === 'rest' ? null : `${app}/${reader?.id}`)
  }

  async function listGroups(context: Context): Promise<Answer> {
    const { app, who, reader, query } = context
    const page = pageOf(query, who === 'client' ? 30 : 100)
    const search = query.text('searchKey')
    const tags = query.list('tags')
    const types = [...query.list('types'), ...query.list('type')]
    const joining = (Object.entries(GROUP_TYPES) as [Joining, string][])
      .filter(([, type]) => types.includes(type))
      .map(([way]) => way)
    const { items, total } = await conversations.page(app, {
      ...page,
      type: 'group',
      ...(search !== undefined && { search }),
      ...(tags.length > 0 && { tags }),
      ...(types.length > 0 && { joining }),
      ...(reader !== null && (query.truth('hasJoined') ? { member: reader.id } : { visibleTo: reader.id })),
    })
    const memberships =
      reader === null
        ? null
        : await conversations.memberships(
            app,
            reader.id,
            items.map(({ id }) => id),
          )
    return {
      data: items.map((group) =>
        showGroup(group, memberships === null ? undefined : (memberships.get(group.id) ?? null)),
      ),
      meta: { pagination: paginationOf(page, total, items.length) },
    }
  }

  return [
    call({
      method: 'POST',
      path: '/groups',
      who: 'both',
      handle: async (context) => {
        const { app, caller, tenant, who } = context
        const fields = withoutTokens(context.fields, parts.config.mediaUrl, tenant)
        const guid = newGuid(fields)
        const name = requiredText(fields, 'name')
        requiredText(fields, 'type')
        const details = { ...(await detailsOf(fields, null, hashing(context))), name }
        const lists = listsOf(fields)
        const owner = await ownerOf(context)
        const first = owner === null ? [] : [{ user: owner, role: 'admin' as const }]
        await conversations
          .create({ app, id: guid, type: 'group', members: first, ...details, owner, at: now() })
          .catch((error: unknown) => {
            throw isConflict(error) ? failure('ERR_GUID_ALREADY_EXISTS', taken(guid)) : error
          })
        const rank = who === 'client' ? 'owner' : null
        const added =
          lists === null ? null : await addLists(parts, { app, guid, lists, by: caller.by, bannedBy: owner, rank })
        const group = await findGroup(records, app, guid)
        // The client package looks into it, whether it has named anybody or not, and waits for ever where it is not there.
        const members = added ?? (who === 'client' ? NOBODY : null)
        return { data: { ...(await show(context, group)), ...(members !== null && { members: { data: members } }) } }
      },
    }),

    call({ method: 'GET', path: '/groups', who: 'both', handle: listGroups }),

    call({
      method: 'GET',
      path: '/groups/{guid}',
      who: 'both',
      handle: async (context) => {
        const { app, who, params } = context
        const group = await findGroup(records, app, params.guid ?? '')
        const member = await memberOf(context, group.id)
        if (who === 'client' && member == null && group.joining === 'invited') throw failure('ERR_GROUP_NOT_JOINED')
        return { data: showGroup(group, member) }
      },
    }),

    call({
      method: 'PUT',
      path: '/groups/{guid}',
      who: 'both',
      handle: async (context) => {
        const { app, who, tenant } = context
        const fields = withoutTokens(context.fields, parts.config.mediaUrl, tenant)
        const { group } = await groupFor(records, context, 'admin')
        const name = fields.name == null ? undefined : requiredText(fields, 'name')
        const owner = who === 'rest' && textOf(fields, 'owner') ? await ownerOf(context) : undefined
        const details = { ...(await detailsOf(fields, group, hashing(context))), name, owner }
        const changed = await conversations.update(app, group.id, details, now())
        if (changed === null) throw noSuchGroup(group.id)
        return { data: await show(context, changed) }
      },
    }),

    call({
      method: 'PATCH',
      path: '/groups/{guid}/owner',
      who: 'both',
      handle: async (context) => {
        const { app, fields } = context
        const { group } = await groupFor(records, context, 'owner')
        const named = requiredText(fields, 'owner')
        const user = await findUser(records, app, named)
        if (user?.status !== 'active') throw noSuchUser(named)
        // Whoever was the owner stays an admin; the new one becomes one.
        if (!(await conversations.handOver(app, group.id, user, now()))) {
          await findGroup(records, app, group.id)
          throw failure('ERR_NOT_A_MEMBER', notJoined(user.id, group.id))
        }
        const message = `Ownership transferred to user ${user.id} for the group with guid ${group.id}.`
        return { data: { success: true, message } }
      },
    }),

    call({
      method: 'DELETE',
      path: '/groups/{guid}',
      who: 'both',
      handle: async (context) => {
        const { app, caller } = context
        const { group } = await groupFor(records, context, 'owner')
        if (!(await deleteConversation(parts, app, group.id, caller.by))) throw noSuchGroup(group.id)
        return { data: { success: true, message: `Group with ${group.id} has been deleted successfully.` } }
      },
    }),
  ]
}

function listsOf(fields: Fields): Lists | null {
  const { members } = fields
  // Some servers write an empty object as an empty list.
  const none = members === undefined || members === null || (Array.isArray(members) && members.length === 0)
  return none ? null : readLists(members)
}

/** What a body says of a group, name and owner apart; `present` is the group that is there, null for a new one. */
async function detailsOf(
  fields: Fields,
  present: Conversation | null,
  hash: (password: string) => Promise<string>,
): Promise<ConversationDetails> {
  const unset = textsOf(fields, 'unset', 20) ?? []
  const type = choiceOf(fields, 'type', TYPES)
  const joining = (Object.keys(GROUP_TYPES) as Joining[]).find((way) => GROUP_TYPES[way] === type)
  // Clients name an empty one where there is none.
  const password = textOf(fields, 'password', LONGEST_PASSWORD) || undefined
  if (joining === 'password' && password === undefined && present?.passwordHash == null) {
    throw badField('password', 'The password field is required when type is password.')
  }
  const profile: Record<string, Json> = { ...present?.profile }
  for (const name of GROUP_PROFILE) {
    const text = (name === 'description' ? linesOf : textOf)(fields, name, LONGEST_TEXT)
    if (text !== undefined) profile[name] = text
    if (unset.includes(name)) delete profile[name]
  }
  return {
    profile: GROUP_PROFILE.some((name) => fields[name] !== undefined || unset.includes(name)) ? profile : undefined,
    metadata: unset.includes('metadata') ? {} : objectOf(fields, 'metadata', METADATA),
    tags: unset.includes('tags') ? [] : textsOf(fields, 'tags', MOST_TAGS, 100),
    joining,
    passwordHash: password === undefined ? undefined : await hash(password),
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && error.name === 'Conflict'
}

function taken(guid: string): string {
  return `The group with GUID ${guid} already exists, please choose another GUID.`
}
