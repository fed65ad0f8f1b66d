import type { Json } from '@gatehouse/storage/records/port'
import { settingsOf } from '../packages/server/src/settings.ts'
import { type Context, textOf } from '../packages/server/src/surfaces/cometchat/call.ts'
import { queryOf } from '../packages/server/src/surfaces/cometchat/request.ts'
import { createTalkCalls } from '../packages/server/src/surfaces/cometchat/talk.ts'
import { openApi } from '../packages/server/test/api.ts'

/** Pages of a history, made in this process: from the question to the text of the answer, without the network. */
export type Pages = {
  /** Makes one page for one of the readers, and answers its text. */
  readonly make: (reader: number, before: number) => Promise<string>
  readonly close: () => Promise<void>
}

const GROUP = 'team'

/** Prepares a group of `readers`, in which `messages` were sent, each with a file. */
export async function openPages(readers: number, messages: number, perPage: number): Promise<Pages> {
  const house = await openApi()
  const { records } = house.parts
  const app = await records.apps.find((await house.call('POST', '/v1/apps', { name: 'bench' })).body.id)
  if (app === null) throw new Error('the app is not there')
  const uids = Array.from({ length: readers }, (_, index) => `u${index}`)
  await records.conversations.put({ app: app.id, id: GROUP, type: 'group', members: uids, at: 1 })
  for (let index = 0; index < messages; index++) await share(index)
  const users = await records.users.findMany(app.id, uids)
  const list = createTalkCalls(house.parts).find(
    ({ method, path }) => method === 'GET' && path === '/groups/{guid}/messages',
  )
  if (list === undefined) throw new Error('the surface has no such call')
  const tenant = { app, settings: settingsOf(app.settings) }

  async function share(index: number): Promise<void> {
    const id = String(index).padStart(24, '0')
    const from = uids[index % readers] ?? null
    const at = { app: app?.id ?? '', conversation: GROUP, from, at: 1_700_000_000_000 + index * 1000 }
    const key = String(index).padStart(24, 'k')
    await records.attachments.create({
      ...at,
      ...{ id, path: `/apps/${at.app}/conversations/${GROUP}/${key}/${'x'.repeat(24)}.png`, filename: 'photo.png' },
      ...{ contentType: 'image/png', size: 1000, sha256: '00', blob: `${at.app}/${id}`, access: 'private' },
      recipients: null,
    })
    const data: Json = { receiverType: 'group', receiver: GROUP, content: {}, files: [id] }
    await records.messages.create({ ...at, type: 'image', text: null, attachments: [id], data })
  }

  return {
    async make(reader, before) {
      const user = users[reader % users.length]
      if (user === undefined) throw new Error('there is no reader')
      const context = {
        ...{ tenant, app: app.id, who: 'client', reader: { id: user.id, serial: user.serial } },
        ...{
          params: { guid: GROUP },
          query: queryOf({ per_page: String(perPage), affix: 'prepend', id: String(before) }),
        },
      }
      return textOf(await list.handle(context as unknown as Context))
    },
    close: () => house.close(),
  }
}
