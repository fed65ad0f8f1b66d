import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { ACTIONS } from '@gatehouse/core/access'
import { resourceOf } from '@gatehouse/core/resource'
import type { App, Attachment, Key } from '@gatehouse/storage/records/port'
import { hashSecret } from '../gate/known-keys.ts'
import type { Parts } from '../parts.ts'
import { newAttachmentKey, newId, newKeySecret } from '../secrets.ts'
import { ASSETS, DEMO, SAMPLES, type Sample } from './samples.ts'

/** What the demonstration is made of. */
type Seeding = Pick<Parts, 'records' | 'blobs' | 'vault' | 'now'>

const LARGEST_SAMPLE = 4 * 1024 ** 2

/**
 * Makes sure that the demonstration is there: app, key, three users, a conversation, and the sample media that alice shares
 * there. What exists is kept as it is; what somebody has deleted is made again. Samples are shared anew where one of their
 * receivers is gone, since a receiver cannot be added to what was shared before.
 */
export async function seedDemo(parts: Seeding): Promise<void> {
  const app = (await parts.records.apps.find(DEMO.app)) ?? (await createApp(parts))
  if ((await demoKey(parts)) === null) await createKey(parts, app)
  for (const [id, name] of Object.entries(DEMO.people)) {
    if ((await parts.records.users.find(app.id, id)) === null) {
      await parts.records.users.put({ app: app.id, id, name, at: parts.now() })
    }
  }
  for (const conversation of [DEMO.conversation, DEMO.sibling]) await gather(parts, app, conversation)
  const present = await demoAttachments(parts)
  const shared: Attachment[] = []
  for (const sample of SAMPLES) {
    if (!present.has(sample.kind)) shared.push(await share(parts, app, sample, DEMO.conversation))
    if (sample.kind === 'photo' && (await demoSibling(parts)) === null) await share(parts, app, sample, DEMO.sibling)
  }
  if (shared.length === 0) return
  await parts.records.messages.create({
    app: app.id,
    conversation: DEMO.conversation,
    from: DEMO.sender,
    text: 'For our three days at the lake.',
    attachments: shared.map(({ id }) => id),
    at: parts.now(),
  })
}

/** The key of the demonstration, or null where it is not there (any more). */
export async function demoKey(parts: Pick<Parts, 'records'>): Promise<Key | null> {
  const { items } = await parts.records.keys.list(DEMO.app, { after: null, limit: 1000 })
  return items.find((key) => key.name === DEMO.name && key.status === 'active') ?? null
}

/** The newest attachment of each sample that both receivers can still get. */
export async function demoAttachments(parts: Pick<Parts, 'records'>): Promise<ReadonlyMap<Sample['kind'], Attachment>> {
  const { attachments } = parts.records
  const { items } = await attachments.list(DEMO.app, { after: null, limit: 1000, conversation: DEMO.conversation })
  const found = new Map<Sample['kind'], Attachment>()
  for (const { kind, filename } of SAMPLES) {
    for (const attachment of items.filter((item) => item.filename === filename && item.from === DEMO.sender)) {
      const receivers = await Promise.all(DEMO.receivers.map((user) => attachments.receiver(attachment, user)))
      if (receivers.includes(null)) continue
      found.set(kind, attachment)
      break
    }
  }
  return found
}

/** The photo in the other conversation, or null where it is not there (any more). */
export async function demoSibling({ records }: Pick<Parts, 'records'>): Promise<Attachment | null> {
  const paging = { after: null, limit: 1, conversation: DEMO.sibling }
  const { items } = await records.attachments.list(DEMO.app, paging)
  return items[0] ?? null
}

function createApp({ records, vault, now }: Seeding): Promise<App> {
  const linkKey = vault.seal(randomBytes(32), 'link-key')
  return records.apps.create({ id: DEMO.app, name: DEMO.name, settings: { inlinePdf: true }, linkKey, at: now() })
}

function createKey({ records, vault, now }: Seeding, app: App): Promise<Key> {
  const secret = newKeySecret()
  return records.keys.create({
    id: newId(),
    app: app.id,
    name: DEMO.name,
    grants: [{ actions: ACTIONS, resource: `/apps/${app.id}` }],
    secretHash: hashSecret(secret),
    sealedSecret: vault.seal(Buffer.from(secret), 'api-key'),
    expiresAt: null,
    at: now(),
  })
}

/** Everybody into a conversation; whoever is a member already keeps their place. */
async function gather({ records, now }: Seeding, app: App, id: string): Promise<void> {
  const members = Object.keys(DEMO.people)
  if ((await records.conversations.find(app.id, id)) === null) {
    await records.conversations.put({ app: app.id, id, type: 'group', members, at: now() })
    return
  }
  for (const member of members) {
    if (!(await records.conversations.isMember(app.id, id, member))) {
      await records.conversations.addMember(app.id, id, member, now())
    }
  }
}

async function share(
  { records, blobs, now }: Seeding,
  app: App,
  sample: Sample,
  conversation: string,
): Promise<Attachment> {
  const source = createReadStream(new URL(sample.filename, ASSETS))
  const stored = await blobs.put(app.id, source, { maxBytes: LARGEST_SAMPLE })
  return records.attachments.create({
    app: app.id,
    id: newId(),
    path: resourceOf('apps', app.id, 'conversations', conversation, newAttachmentKey(), sample.filename).path,
    conversation,
    filename: sample.filename,
    contentType: sample.contentType,
    size: stored.size,
    sha256: stored.sha256,
    access: 'private',
    blob: stored.blob,
    from: DEMO.sender,
    recipients: null,
    at: now(),
  })
}
