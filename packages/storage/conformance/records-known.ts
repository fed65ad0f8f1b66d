import assert from 'node:assert/strict'
import type { Attachment, Message, MessageFilter, Records } from '../src/records/port.ts'
import { type Cases, NOON, type World } from './records-world.ts'

/**
 * What was read before may be remembered, but what is answered is what the database holds now. So everything here is read again after
 * every write, and compared with what reading each row by itself answers.
 */
export const knownCases: Cases = {
  'what is read again is as it is now': (world) => live(world, world.records, 7),
}

/** The same where another process writes. */
export const knownElsewhereCases: Cases = {
  'what is read again is as others have written it': async (world) => live(world, await world.again(), 11),
}

const STEPS = 60
const TAGS = [[], ['red'], ['red', 'blue']]

/** A life of random writes in `world`, each looked at through `reader`. */
async function live(world: World, reader: Records, seed: number): Promise<void> {
  const { records } = world
  const { app } = await world.conversation('ann', 'bob')
  await records.conversations.put({ app, id: 'old', type: 'group', members: ['ann', 'bob'], at: NOON })
  const random = createRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const users = (await records.users.findMany(app, ['ann', 'bob'])).map(({ serial }) => serial)
  const files: string[] = []
  const messages: string[] = []

  const share = async () => {
    const held = random() < 0.3
    const conversation = pick(['talk', 'old', null])
    const from = held ? 'ann' : pick(['ann', 'bob', null])
    const { id } = await world.attachment(app, { ...{ conversation, from, held }, access: pick(['private', 'public']) })
    files.push(id)
    return id
  }
  const change = (attachment: string, to: 'private' | 'public' | 'shared' | 'deleted') =>
    records.changes.append({ kind: 'attachment', app, attachment, to }, 'tester', NOON)
  const protect = (to: 'private' | 'public') =>
    records.changes.append({ kind: 'protect', app, to, before: null, limit: 3 }, 'tester', NOON)
  const send = async () => {
    const attachments = random() < 0.7 ? [await share()] : []
    const sent = await records.messages.create({
      ...{ app, conversation: pick(['talk', 'talk', 'old']), from: pick(['ann', 'bob']), attachments, at: NOON },
      ...{ text: 'said', type: pick(['text', 'image']), tags: pick(TAGS) },
    })
    messages.push(sent.id)
  }
  const mergeSender = async () => {
    const user = `guest-${files.length}`
    await records.conversations.addMember(app, 'talk', user, NOON)
    files.push((await world.attachment(app, { conversation: 'talk', from: user })).id)
    await reader.attachments.findMany(app, files)
    return world.change({ kind: 'user-merge', app, user, into: 'ann' })
  }
  const writes: readonly (() => Promise<unknown>)[] = [
    send,
    send,
    () => records.messages.update(app, pick(messages), { text: `edited ${random()}` }, 'ann', NOON + 1),
    () =>
      records.messages.update(app, pick(messages), { type: pick(['text', 'image']), tags: pick(TAGS) }, 'bob', NOON),
    () => records.messages.markDeleted(app, pick(messages), 'bob', NOON + 2),
    () => (random() < 0.3 ? records.messages.delete(app, pick(messages)) : Promise.resolve()),
    () => change(pick(files), pick(['private', 'public'])),
    () => change(pick(files), pick(['shared', 'deleted'])),
    () => protect(pick(['private', 'public'])),
    mergeSender,
    () => records.conversations.removeMember(app, 'talk', 'bob', NOON),
    () => records.conversations.addMember(app, 'talk', 'bob', NOON),
  ]

  for (let i = 0; i < 5; i++) await send()
  for (let step = 0; step < STEPS; step++) {
    await pick(writes)()
    if (step === Math.floor(STEPS / 2)) assert.ok(await records.conversations.merge(app, 'talk', 'old', NOON))
    const filter: MessageFilter = {
      ...(random() < 0.5 && { hideDeleted: true }),
      ...(random() < 0.5 && { types: ['image'] }),
      ...(random() < 0.3 && { tags: ['blue', 'red'] }),
      ...(random() < 0.5 && { visibleTo: { serial: pick(users), later: random() < 0.5 } }),
    }
    const order = pick(['ascending', 'descending'] as const)
    const { items } = await reader.messages.list(app, 'talk', { after: null, limit: 1000, order, ...filter })
    const wanted = await plainly(
      reader,
      app,
      messages,
      step >= Math.floor(STEPS / 2) ? ['talk', 'old'] : ['talk'],
      filter,
    )
    assert.deepEqual(items, order === 'ascending' ? wanted : wanted.toReversed(), `step ${step}`)
    assert.deepEqual(await reader.attachments.findMany(app, files), await eachOf(reader, app, files), `step ${step}`)
  }
}

/** Which messages a list holds, found out message by message. */
async function plainly(
  { messages }: Records,
  app: string,
  ids: readonly string[],
  homes: readonly string[],
  { hideDeleted, types, tags, visibleTo }: MessageFilter,
): Promise<readonly Message[]> {
  const found: Message[] = []
  for (const id of ids) {
    const one = await messages.find(app, id)
    if (one === null || !homes.includes(one.conversation)) continue
    if (hideDeleted === true && one.deletedAt !== null) continue
    if (types !== undefined && !types.includes(one.type)) continue
    if (tags !== undefined && !one.tags.some((tag) => tags.includes(tag))) continue
    if (visibleTo !== undefined && !(await messages.isVisible(one, visibleTo))) continue
    found.push(one)
  }
  return found
}

async function eachOf({ attachments }: Records, app: string, ids: readonly string[]): Promise<readonly Attachment[]> {
  const found: Attachment[] = []
  for (const id of ids) {
    const one = await attachments.find(app, id)
    if (one !== null) found.push(one)
  }
  return found
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
