import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PageAsked, pageMeta, readPage } from './message-page.ts'
import { queryOf } from './request.ts'

const NOTHING: PageAsked = {
  limit: 100,
  affix: 'prepend',
  id: null,
  sentAt: null,
  types: null,
  categories: null,
  tags: null,
  hideReplies: false,
  hideDeleted: false,
}

test('a query is read leniently: what means nothing counts as not given', () => {
  const rows: readonly (readonly [Record<string, string | string[]>, Partial<PageAsked>])[] = [
    [{}, {}],
    [
      { per_page: '30', affix: 'append', id: '7', sentAt: '1700000000' },
      { limit: 30, affix: 'append', id: '7', sentAt: 1700000000 },
    ],
    [{ perPage: '5000' }, { limit: 1000 }],
    [{ limit: '0' }, { limit: 1 }],
    [{ per_page: '-1', id: '-1', sentAt: 'x', affix: 'sideways' }, {}],
    [{ id: '07' }, {}],
    [{ id: '99999999999999999999' }, {}],
    [{ sentAt: '0' }, {}],
    [{ updatedAt: '1700000000' }, { sentAt: 1700000000 }],
    [{ updatedAt: '1700000000', sentAt: '1800000000' }, { sentAt: 1800000000 }],
    [
      { types: 'image,video', categories: ['message', 'custom,message'] },
      { types: ['image', 'video'], categories: ['message', 'custom'] },
    ],
    [{ types: '' }, {}],
    [
      { tags: 'a,b', attachmentTypes: 'image,audio' },
      { tags: ['a', 'b'], types: ['image', 'audio'] },
    ],
    [{ hasAttachments: '1' }, { types: ['image', 'video', 'audio', 'file', 'media'] }],
    [{ hasAttachments: '1', types: 'image' }, { types: ['image'] }],
    [{ hasAttachments: '0' }, {}],
    [
      { hideReplies: '1', hideDeleted: 'true' },
      { hideReplies: true, hideDeleted: true },
    ],
    [{ hideReplies: '0', hideDeleted: 'false' }, {}],
    [{ withThreadSubscribed: '1', unheard: 'of' }, {}],
  ]
  for (const [query, wanted] of rows)
    assert.deepEqual(readPage(queryOf(query)), { ...NOTHING, ...wanted }, JSON.stringify(query))
})

test('a page says where it lies; only the last one has a single page in all', () => {
  const asked = { ...NOTHING, limit: 2 }
  const edge = { id: '4', createdAt: 1_700_000_000_999 }
  const full = pageMeta(asked, 2, edge, true)
  assert.deepEqual(full.cursor, { id: '4', sentAt: 1_700_000_000, affix: 'prepend' })
  assert.deepEqual(full.next, { affix: 'prepend', sentAt: 1_700_000_000, id: '4' })
  assert.deepEqual(full.pagination, { total: 3, count: 2, per_page: 2, current_page: 1, total_pages: 2 })
  assert.deepEqual(full.current, { limit: 2, count: 2 })
  assert.equal(pageMeta(asked, 1, edge, false).pagination.total_pages, 1)
})

test('the cursor of an empty page stays where it was asked', () => {
  assert.deepEqual(pageMeta({ ...NOTHING, affix: 'append', id: '9', sentAt: 5 }, 0, null, false).cursor, {
    id: '9',
    sentAt: 5,
    affix: 'append',
  })
  assert.deepEqual(pageMeta(NOTHING, 0, null, false).cursor, { id: '0', sentAt: 0, affix: 'prepend' })
})
