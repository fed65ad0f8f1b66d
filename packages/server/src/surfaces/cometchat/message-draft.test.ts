import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAddresses } from './addresses.ts'
import { CallError } from './errors.ts'
import { type Draft, readDraft, readEdit } from './message-draft.ts'
import type { Fields } from './request.ts'

const addresses = createAddresses({ mediaUrl: 'https://media.example', loginWall: 'https://wall.example/?to=' })
const reading = { addresses, clientsAddTokens: false, uploads: 0 }
const PATH = '/apps/a/conversations/c/abcdefghijklmnopqrstuvwx/pic.png'
const TO_BOB = { receiver: 'bob', receiverType: 'user' }

const EMPTY: Draft = {
  ...{ receiver: 'bob', receiverType: 'user', category: 'message', type: 'text', text: null, content: {} },
  ...{ files: [], tags: [], parent: null, muid: null },
}

test('what official clients and servers send is understood', () => {
  const elsewhere = {
    url: 'https://cdn.test/a.PNG?x=1',
    name: 'a.PNG',
    mimeType: 'image/png',
    extension: 'png',
    size: 7,
  }
  const rows: readonly (readonly [string, Fields, Partial<Draft>, number?])[] = [
    ['text', { ...TO_BOB, type: 'text', category: 'message', data: { text: 'hi' }, text: 'hi' }, { text: 'hi' }],
    [
      'form',
      { ...TO_BOB, type: 'image', data: '{"text":"look","metadata":{"a":1}}', muid: 'm1' },
      { type: 'image', text: 'look', content: { metadata: { a: 1 } }, muid: 'm1' },
      1,
    ],
    ['caption', { ...TO_BOB, type: 'image', data: '{}', caption: 'look' }, { type: 'image', text: 'look' }, 1],
    ['form without anything in data', { ...TO_BOB, type: 'file', data: '[]' }, { type: 'file' }, 2],
    [
      'by URL',
      { ...TO_BOB, type: 'image', data: { url: '', attachments: [elsewhere] } },
      { type: 'image', files: [elsewhere] },
    ],
    [
      'by a bare URL',
      { ...TO_BOB, type: 'image', data: { url: 'https://cdn.test/b.jpg' } },
      {
        type: 'image',
        files: [
          {
            url: 'https://cdn.test/b.jpg',
            name: 'b.jpg',
            mimeType: 'application/octet-stream',
            extension: 'jpg',
            size: 0,
          },
        ],
      },
    ],
    [
      'custom',
      { ...TO_BOB, type: 'location', category: 'custom', data: { customData: { lat: 1 }, subType: 's' } },
      { type: 'location', category: 'custom', content: { customData: { lat: 1 }, subType: 's' } },
    ],
    ['reply', { ...TO_BOB, data: { text: 'x' }, parentMessageId: 12 }, { text: 'x', parent: '12' }],
    ['tags', { ...TO_BOB, data: { text: 'x' }, tags: '["a","b"]' }, { text: 'x', tags: ['a', 'b'] }],
    [
      'what the server makes itself is not taken',
      { ...TO_BOB, data: { text: 'x', entities: { sender: 'eve' } } },
      { text: 'x' },
    ],
  ]
  for (const [what, fields, wanted, uploads = 0] of rows) {
    assert.deepEqual(readDraft(fields, { ...reading, uploads }), { ...EMPTY, ...wanted }, what)
  }
})

test('our own URLs are known as places, and nowhere is a token kept', () => {
  const own = `https://wall.example/?to=https://media.example${PATH}?fat=secret`
  const draft = readDraft(
    {
      ...TO_BOB,
      type: 'image',
      tags: [own],
      data: {
        text: `see ${own} now`,
        metadata: { deep: [{ own }] },
        attachments: [
          { url: own, name: 'pic.png' },
          { url: 'https://media.example/nothing/./here?fat=secret' },
          { url: `https://cdn.test/?from=https://media.example${PATH}?fat=secret`, name: own },
        ],
      },
    },
    reading,
  )
  assert.doesNotMatch(JSON.stringify(draft), /secret/)
  assert.equal(draft.text, `see https://media.example${PATH} now`)
  const [first, second, third] = draft.files
  assert.ok(first !== undefined && 'place' in first && first.place?.path === PATH && first.name === 'pic.png')
  assert.ok(second !== undefined && 'place' in second && second.place === null)
  assert.ok(
    third !== undefined && 'url' in third && third.url === `https://cdn.test/?from=https://media.example${PATH}`,
  )
})

test('where clients add their token to whatever names our host, bait is refused', () => {
  const fields = { ...TO_BOB, type: 'image', data: { attachments: [{ url: 'https://evil.test/media.example/x.png' }] } }
  assert.equal(readDraft(fields, reading).files.length, 1)
  assert.throws(() => readDraft(fields, { ...reading, clientsAddTokens: true }), { code: 'ERR_BAD_REQUEST' })
  const own = { ...TO_BOB, type: 'image', data: { attachments: [{ url: `https://media.example${PATH}` }] } }
  assert.equal(readDraft(own, { ...reading, clientsAddTokens: true }).files.length, 1)
})

test('everything malformed is told with its field', () => {
  const message = { ...TO_BOB, data: { text: 'x' } }
  const image = { ...TO_BOB, type: 'image' }
  const rows: readonly (readonly [Fields, string, string?])[] = [
    [{}, 'ERR_BAD_REQUEST', 'receiverType'],
    [{ ...message, receiverType: 'both' }, 'ERR_BAD_REQUEST', 'receiverType'],
    [{ ...message, receiver: '' }, 'ERR_BAD_REQUEST', 'receiver'],
    [{ ...message, receiver: { a: 1 } }, 'ERR_BAD_REQUEST', 'receiver'],
    [{ ...message, category: 'action' }, 'ERR_BAD_REQUEST', 'category'],
    [{ ...message, category: '<b>' }, 'ERR_BAD_REQUEST', 'category'],
    [{ ...message, type: 'x'.repeat(101) }, 'ERR_BAD_REQUEST', 'type'],
    [{ ...TO_BOB, type: 'text' }, 'ERR_BAD_REQUEST', 'text'],
    [{ ...TO_BOB, data: { text: { a: 1 } } }, 'ERR_BAD_REQUEST', 'text'],
    [{ ...TO_BOB, data: '{"text"' }, 'ERR_BAD_REQUEST', 'data'],
    [{ ...TO_BOB, data: [1] }, 'ERR_BAD_REQUEST', 'data'],
    [{ ...message, data: { text: 'x', metadata: 'y'.repeat(10_241) } }, 'ERR_BAD_REQUEST', 'data'],
    [
      { ...message, data: { text: 'x', metadata: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) } },
      'ERR_BAD_REQUEST',
      'data',
    ],
    [{ ...message, text: 'y'.repeat(65_537) }, 'ERR_BAD_REQUEST'],
    [{ ...message, tags: Array.from({ length: 26 }, (_, index) => `t${index}`) }, 'ERR_BAD_REQUEST', 'tags'],
    [{ ...message, tags: [{}] }, 'ERR_BAD_REQUEST', 'tags'],
    [{ ...message, multipleReceivers: { uids: ['a'] } }, 'ERR_BAD_REQUEST', 'multipleReceivers'],
    [image, 'ERR_EMPTY_MESSAGE_FILE'],
    [{ ...image, data: { attachments: [] } }, 'ERR_EMPTY_MESSAGE_FILE'],
    [{ ...image, data: { attachments: 'x' } }, 'ERR_BAD_REQUEST', 'attachments'],
    [{ ...image, data: { attachments: ['x'] } }, 'ERR_BAD_REQUEST', 'attachments'],
    [{ ...image, data: { attachments: [{ name: 'x' }] } }, 'ERR_BAD_REQUEST', 'url'],
    [{ ...image, data: { attachments: [{ url: 'javascript:alert(1)' }] } }, 'ERR_BAD_REQUEST', 'url'],
    [{ ...image, data: { attachments: [{ url: 'https://' }] } }, 'ERR_BAD_REQUEST', 'url'],
  ]
  for (const [fields, code, field] of rows) {
    const what = JSON.stringify(fields).slice(0, 100)
    assert.throws(
      () => readDraft(fields, reading),
      (error: unknown) => {
        assert.ok(error instanceof CallError, what)
        assert.equal(error.code, code, what)
        assert.deepEqual(Object.keys(error.details), field === undefined ? [] : [field], what)
        return true
      },
      what,
    )
  }
})

test('an edit replaces what it names', () => {
  const rows: readonly (readonly [Fields, object])[] = [
    [{ data: { text: 'new' } }, { text: 'new', content: {} }],
    [{ text: 'new' }, { text: 'new' }],
    [{ tags: ['a'] }, { tags: ['a'] }],
    [{ data: { metadata: { a: 1 }, attachments: [{ url: 'https://x.test/' }] } }, { content: { metadata: { a: 1 } } }],
    [{}, {}],
  ]
  for (const [fields, wanted] of rows) assert.deepEqual(readEdit(fields, reading), wanted, JSON.stringify(fields))
})
