import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { parseResource } from '@gatehouse/core/resource'
import { ACTIVE } from '@gatehouse/core/standing'
import type { StandingRow } from '@gatehouse/storage/records/port'
import { createBoard, createSharedMarks } from './board.ts'

const row = (over: Partial<StandingRow>): StandingRow => ({
  scope: 'user',
  target: 'a/bob',
  serial: null,
  suspended: false,
  revoked: false,
  before: 0,
  sequence: 1,
  ...over,
})
const resource = (path: string) => parseResource(path) ?? Promise.reject(new Error(path))

test('board: what was never touched is active', () => {
  const board = createBoard(createSharedMarks())
  deepEqual(board.mark('user', 4_000_000), ACTIVE)
  deepEqual(board.subject('a', 'bob'), ACTIVE)
  equal(board.tokenRevoked('a', 'x'), false)
})

test('board: marks by serial are seen by every thread of the node at once', () => {
  const shared = createSharedMarks()
  const keeper = createBoard(shared)
  const other = createBoard(shared)
  keeper.apply([row({ serial: 7, suspended: true })], true)
  deepEqual(other.mark('user', 7), { suspended: true, revoked: false, before: 0 })
  keeper.apply([row({ serial: 7, before: 12 }), row({ serial: 3_000_000, revoked: true })], true)
  deepEqual(other.mark('user', 7), { suspended: false, revoked: false, before: 12 })
  deepEqual(other.mark('user', 3_000_000), { suspended: false, revoked: true, before: 0 })
  equal(other.before('user', 7), 12)
})

test('board: a thread that does not keep shared memory leaves it alone', () => {
  const shared = createSharedMarks()
  createBoard(shared).apply([row({ serial: 7, suspended: true })], false)
  deepEqual(createBoard(shared).mark('user', 7), ACTIVE)
})

test('board: a resource is as strict as the strictest thing above it', async () => {
  const board = createBoard(createSharedMarks())
  board.apply([row({ scope: 'resource', target: '/apps/a/conversations/c', before: 9 })], true)
  equal(board.resourceBefore(await resource('/apps/a/conversations/c/k/f.png')), 9)
  equal(board.resourceBefore(await resource('/apps/a/conversations/c')), 9)
  equal(board.resourceBefore(await resource('/apps/a/conversations/cx/k/f.png')), 0)
  board.apply([row({ scope: 'resource', target: '/apps/a', before: 11 })], true)
  equal(board.resourceBefore(await resource('/apps/a/conversations/c/k/f.png')), 11)
})

test('board: names, tokens and members', () => {
  const board = createBoard(createSharedMarks())
  board.apply(
    [
      row({ scope: 'subject', target: 'a/bob', suspended: true }),
      row({ scope: 'token', target: 'a/t1', revoked: true }),
      row({ scope: 'member', target: '5/7', suspended: true }),
    ],
    false,
  )
  equal(board.subject('a', 'bob').suspended, true)
  equal(board.subject('b', 'bob').suspended, false)
  equal(board.tokenRevoked('a', 't1'), true)
  equal(board.tokenRevoked('b', 't1'), false)
  equal(board.isOut(5, 7), true)
  equal(board.isOut(7, 5), false)
  board.apply([row({ scope: 'member', target: '5/7' })], false)
  equal(board.isOut(5, 7), false)
})
