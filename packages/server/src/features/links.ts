import type { Attachment, Receipt } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { time } from '../presenters.ts'
import { problem } from '../problems.ts'
import { Id, List, Nullable, PageQuery, Time } from '../schemas.ts'
import { reachOf } from '../talk.ts'

const Link = Type.Object(
  { user: Type.String(), url: Type.String() },
  { examples: [{ user: 'alice', url: 'https://media.example/apps/0a1b…/plan.pdf?t=…' }] },
)
const ReceiptView = Type.Object({
  user: Type.String(),
  opened: Type.Boolean(),
  firstOpenedAt: Nullable(Time),
  lastOpenedAt: Nullable(Time),
  share: Type.Number({ minimum: 0, maximum: 1, description: 'How much of the bytes was delivered.' }),
})

/** Recipient links of attachments, and the receipts of their use. Deriving a link stores nothing. */
export function createLinks(parts: Parts) {
  const { records, links, tenants, vault } = parts
  const pager = createPager(vault)
  const params = { app: Id, id: Id }

  async function find(app: string, id: string) {
    const [attachment, maker, tenant] = await Promise.all([
      records.attachments.find(app, id),
      links.of(app),
      tenants.find(app),
    ])
    if (attachment === null || maker === null || tenant === null) throw problem('not_found')
    return { attachment, maker, reach: reachOf(tenant.settings) }
  }

  return {
    list: endpoint({
      summary: 'List the links of all receivers of an attachment',
      params,
      query: PageQuery,
      answers: { 200: List(Link) },
      handle: async ({ params: { app, id }, query }) => {
        const { attachment, maker, reach } = await find(app, id)
        const list = `links ${app} ${id}`
        const page = await records.attachments.receivers(attachment, { ...pager.read(query, list), ...reach })
        const body = pager.write(page, list, (receiver) => ({
          user: receiver.id,
          url: maker.url(attachment, receiver),
        }))
        return { status: 200, body }
      },
    }),

    get: endpoint({
      summary: "Derive one receiver's link",
      params: { ...params, uid: Id },
      answers: { 200: Link },
      handle: async ({ params: { app, id, uid } }) => {
        const { attachment, maker, reach } = await find(app, id)
        const receiver = await records.attachments.receiver(attachment, uid, reach)
        if (receiver === null) throw problem('not_found', 'This user is no receiver of the attachment.')
        return { status: 200, body: { user: receiver.id, url: maker.url(attachment, receiver) } }
      },
    }),

    receipts: endpoint({
      summary: 'Who has opened an attachment',
      params,
      query: PageQuery,
      answers: { 200: List(ReceiptView) },
      handle: async ({ params: { app, id }, query }) => {
        const { attachment, reach } = await find(app, id)
        const list = `receipts ${app} ${id}`
        const page = await records.views.receipts(attachment, { ...pager.read(query, list), ...reach })
        return { status: 200, body: pager.write(page, list, (receipt) => showReceipt(receipt, attachment)) }
      },
    }),
  }
}

function showReceipt({ user, firstAt, lastAt, bytes }: Receipt, { size }: Attachment) {
  const opened = firstAt !== null
  return {
    user,
    opened,
    firstOpenedAt: firstAt === null ? null : time(firstAt),
    lastOpenedAt: lastAt === null ? null : time(lastAt),
    share: !opened ? 0 : size === 0 ? 1 : Math.min(1, bytes / size),
  }
}
