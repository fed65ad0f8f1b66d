import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '@gatehouse/storage/records/port'
import { CallError } from './errors.ts'
import { readMessagePage } from './message-page.ts'
import { queryOf } from './request.ts'

const URL_ = 'https://x.example/messages'
const read = (query: Readonly<Record<string, string>>) => readMessagePage(queryOf(query), URL_)
const some = (...ids: readonly string[]) => ids.map((id) => ({ id }) as Message)
const idsOf = (messages: readonly Message[]) => messages.map(({ id }) => id)

test('without a cursor: the newest, oldest first', () => {
  const { filter, of } = read({})
  deepEqual([filter.order, filter.limit, filter.hideDeleted], ['descending', 100, true])
  const { messages, meta, links } = of(some('9', '8', '7'), true)
  deepEqual(idsOf(messages), ['7', '8', '9'])
  deepEqual([meta, links], [{ hasMore: true, beforeCursor: '7' }, { prev: `${URL_}?page%5Bbefore%5D=7` }])
  deepEqual(of([], false), { messages: [], meta: { hasMore: false }, links: {} })
})

test('before a message: the way back is known', () => {
  const { filter, of } = read({ 'page[before]': '7' })
  deepEqual([filter.order, filter.beforeId], ['descending', '7'])
  const { messages, meta } = of(some('6', '5'), false)
  deepEqual([idsOf(messages), meta], [['5', '6'], { hasMore: false, afterCursor: '6' }])
})

test('after a message: in the order in which they came', () => {
  const { filter, of } = read({ 'page[after]': '7' })
  deepEqual([filter.order, filter.afterId], ['ascending', '7'])
  const { messages, meta, links } = of(some('8', '9'), true)
  deepEqual([idsOf(messages), meta], [['8', '9'], { hasMore: true, beforeCursor: '8', afterCursor: '9' }])
  equal(links.next, `${URL_}?page%5Bafter%5D=9`)
})

test('what is no cursor', () => {
  for (const cursor of ['0', '-1', '1e3', 'x', '1'.repeat(16), ' 1']) {
    throws(() => read({ 'page[after]': cursor }), CallError, cursor)
    throws(() => read({ 'page[before]': cursor }), CallError, cursor)
  }
  throws(() => read({ 'page[after]': '1', 'page[before]': '1' }), CallError)
})
