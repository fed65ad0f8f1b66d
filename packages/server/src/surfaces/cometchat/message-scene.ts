import type { Attachment, Conversation, Member, Message } from '@gatehouse/storage/records/port'
import type { Parts, Tenant } from '../../parts.ts'
import { reachOf } from '../../talk.ts'
import { createAddresses } from './addresses.ts'
import type { Reader } from './call.ts'
import { mediaUrls } from './media-urls.ts'
import type { Scene, Shown } from './message-view.ts'
import { showGroup, showUser } from './people-view.ts'

/** Whom an answer is made for. */
export type Viewer = {
  readonly tenant: Tenant
  /** Null: a server by itself, whose URLs open with its key alone. */
  readonly reader: Reader | null
  /** Whether the app's login wall stands in front of URLs; true where it is left out. */
  readonly wall?: boolean
}

/** Finds everything that messages are shown with: a fixed number of questions to storage, however many messages they are. */
export type Scenes = (viewer: Viewer, messages: readonly Message[], alsoUsers?: readonly string[]) => Promise<Scene>

/** Creates the finder of scenes. */
export function createScenes(parts: Parts): Scenes {
  const { records } = parts
  return async (viewer, messages, alsoUsers = []) => {
    const { tenant, reader } = viewer
    const app = tenant.app.id
    const [found, files] = await Promise.all([
      records.conversations.findMany(app, distinct(messages.map(({ conversation }) => conversation))),
      records.attachments.findMany(app, distinct(messages.flatMap(({ attachments }) => attachments))),
    ])
    const conversations = new Map(
      await Promise.all(found.map(async (each) => [each.id, await withMembers(app, each, messages)] as const)),
    )
    const groups = found.filter(({ type }) => type === 'group')
    const uids = distinct([
      ...alsoUsers,
      ...messages.flatMap(peopleOf),
      ...[...conversations.values()].flatMap(({ members }) => members),
    ])
    const [people, joined, url] = await Promise.all([
      records.users.findMany(app, uids),
      reader === null || groups.length === 0
        ? new Map<string, Member>()
        : records.conversations.memberships(
            app,
            reader.id,
            groups.map(({ id }) => id),
          ),
      urlsFor(viewer, files),
    ])
    const guarded = tenant.settings.cometchatLinks === 'session'
    const { mediaUrl } = parts.config
    const { loginWall } = tenant.settings
    return {
      users: new Map<string, Shown>(people.map((user) => [user.id, showUser(user)])),
      groups: new Map<string, Shown>(
        groups.map((group) => [
          group.id,
          showGroup(group, reader === null ? undefined : (joined.get(group.id) ?? null)),
        ]),
      ),
      conversations,
      attachments: new Map(files.map((file) => [file.id, file])),
      url,
      guard: guarded ? createAddresses({ mediaUrl, loginWall }).guard : (value) => value,
    }
  }

  /** A conversation with its members where messages do not say whom they are for: deleted ones, and those from elsewhere. */
  async function withMembers(app: string, { id, type }: Conversation, messages: readonly Message[]) {
    const silent = messages.some(({ conversation, data }) => conversation === id && typeof data.receiver !== 'string')
    if (type === 'group' || !silent) return { type, members: [] }
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

function peopleOf({ from, data, deletedBy }: Message): string[] {
  const { receiverType, receiver } = data
  const to = receiverType === 'user' && typeof receiver === 'string' ? receiver : null
  return [from, to, deletedBy].filter((uid) => uid !== null)
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)]
}
