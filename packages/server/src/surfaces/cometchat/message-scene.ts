import type { Attachment, Conversation, Member, Message } from '@gatehouse/storage/records/port'
import type { Parts, Tenant } from '../../parts.ts'
import { reachOf } from '../../talk.ts'
import { createAddresses } from './addresses.ts'
import type { Reader } from './call.ts'
import { mediaUrls } from './media-urls.ts'
import { mentionedIn } from './mentions.ts'
import type { Scene } from './message-view.ts'
import { showGroup, showUser } from './people-view.ts'

/** Whom an answer is made for. */
export type Viewer = {
  readonly tenant: Tenant
  /** Null: a server by itself, whose URLs open with its key alone. */
  readonly reader: Reader | null
  /** Whether the app's login wall stands in front of URLs; true where it is left out. */
  readonly wall?: boolean
}

/** What was found out already during the same call, so that it is not asked for again. */
export type Before = {
  /** Users to find beside those that the messages name. */
  readonly users?: readonly string[]
  /** The group that the messages are read in, and what the reader is there; null: nothing, or there is no reader. */
  readonly joined?: Joined | null
}

/** A group, with what somebody is in it. */
export type Joined = { readonly group: Conversation; readonly member: Member | null }

/** Finds everything that messages are shown with: a fixed number of questions to storage, however many messages they are. */
export type Scenes = (viewer: Viewer, messages: readonly Message[], before?: Before) => Promise<Scene>

/** Creates the finder of scenes. */
export function createScenes(parts: Parts): Scenes {
  const { records } = parts
  return async (viewer, messages, { users: alsoUsers = [], joined: here = null } = {}) => {
    const { tenant, reader } = viewer
    const app = tenant.app.id
    const named = namesIn(messages)
    if (here !== null) named.conversations.delete(here.group.id)
    const [elsewhere, files] = await Promise.all([
      named.conversations.size === 0 ? [] : records.conversations.findMany(app, [...named.conversations]),
      records.attachments.findMany(app, named.attachments),
    ])
    const found = here === null ? elsewhere : [here.group, ...elsewhere]
    const conversations = new Map(
      await Promise.all(
        found.map(async (each) => [each.id, await withMembers(app, each, named.silent.has(each.id))] as const),
      ),
    )
    const groups = found.filter(({ type }) => type === 'group')
    const unasked = groups.filter((group) => group !== here?.group)
    const members = [...conversations.values()].flatMap((conversation) => conversation.members)
    const [people, joined, url] = await Promise.all([
      records.users.findMany(app, [...new Set([...named.users, ...members, ...alsoUsers])]),
      reader === null || unasked.length === 0
        ? new Map<string, Member>()
        : records.conversations.memberships(
            app,
            reader.id,
            unasked.map(({ id }) => id),
          ),
      urlsFor(viewer, files),
    ])
    const shownGroup = (group: Conversation) =>
      showGroup(
        group,
        reader === null ? undefined : group === here?.group ? here.member : (joined.get(group.id) ?? null),
      )
    const guarded = tenant.settings.cometchatLinks === 'session'
    const { mediaUrl } = parts.config
    const { loginWall } = tenant.settings
    return {
      users: new Map(people.map((user) => [user.id, { entity: showUser(user), entityType: 'user' }])),
      groups: new Map(groups.map((group) => [group.id, { entity: shownGroup(group), entityType: 'group' }])),
      conversations,
      attachments: byId(files),
      url,
      guard: guarded ? createAddresses({ mediaUrl, loginWall }).guard : null,
    }
  }

  /** A conversation, with its members where it is one of two and they are asked for. */
  async function withMembers(app: string, { id, type }: Conversation, asked: boolean) {
    if (type === 'group' || !asked) return { type, members: [] }
    const { items } = await records.conversations.members(app, id, { after: null, limit: 2 })
    return { type, members: items.map((member) => member.id) }
  }

  /** How the URL of each of some attachments reads for the viewer. */
  async function urlsFor({ tenant, reader, wall = true }: Viewer, files: readonly Attachment[]): Promise<Scene['url']> {
    const urls = await mediaUrls(parts, tenant.app.id, { wall })
    if (reader === null || tenant.settings.cometchatLinks === 'session') return urls.clean
    const closed = files.filter(({ access }) => access === 'private')
    if (closed.length === 0) return urls.clean
    const reach = reachOf(tenant.settings)
    const { receiver, ids } = await records.attachments.receivedBy(tenant.app.id, reader.id, closed, reach)
    if (receiver === null) return urls.clean
    return (attachment) => (ids.has(attachment.id) ? urls.own(attachment, receiver) : urls.clean(attachment))
  }
}

function byId(files: readonly Attachment[]): ReadonlyMap<string, Attachment> {
  const attachments = new Map<string, Attachment>()
  for (const file of files) attachments.set(file.id, file)
  return attachments
}

/** Everything that messages name, each once (attachments perhaps more often). `silent` are conversations with messages that do not say whom they are for. */
function namesIn(messages: readonly Message[]) {
  const users = new Set<string>()
  const conversations = new Set<string>()
  const attachments: string[] = []
  const silent = new Set<string>()
  let last: string | null = null
  for (const message of messages) {
    const { conversation, from, data, text, editedBy, deletedBy } = message
    if (conversation !== last) conversations.add(conversation)
    last = conversation
    for (const id of message.attachments) attachments.push(id)
    if (from !== null) users.add(from)
    for (const uid of mentionedIn(text)) users.add(uid)
    if (editedBy !== null) users.add(editedBy)
    if (deletedBy !== null) users.add(deletedBy)
    if (typeof data.receiver !== 'string') silent.add(conversation)
    else if (data.receiverType === 'user') users.add(data.receiver)
  }
  return { users, conversations, attachments, silent }
}
