import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, Message } from '@gatehouse/storage/records/port'
import { type Author, keep, keptOf, type Scene, showMessage, showMessage11 } from './message-view.ts'

const SCENE: Scene = { users: new Map(), attachments: new Map(), url: (path) => `https://m.example${path}` }

function message(data: { readonly [name: string]: Json }, more: Partial<Message> = {}): Message {
  return {
    ...{ app: 'a', id: '7', conversation: 'c', from: null, type: 'image', category: 'message', text: null, data },
    ...{ tags: [], attachments: [], parent: null, version: 1, createdAt: 1500, updatedAt: 1500, editedAt: null },
    ...{ editedBy: null, deletedAt: null, deletedBy: null },
    ...more,
  }
}

const ann: Author = { type: 'user', userId: '01', userExternalId: 'ann' }
const business: Author = { type: 'business' }
const media = { mediaUrl: '/apps/a/k/f.png', mediaType: 'image/png', mediaSize: 3, altText: 'f.png' }

test('a message in the words of both versions', () => {
  const kept = keep({ author: { ...ann, displayName: 'Ann' }, more: media, metadata: { a: 1 } })
  const said = message(kept, { from: 'ann', text: 'look' })
  const content = { ...media, mediaUrl: 'https://m.example/apps/a/k/f.png' }
  deepEqual(showMessage(said, SCENE), {
    ...{ id: '7', received: '1970-01-01T00:00:01.500Z', author: { ...ann, displayName: 'Ann' } },
    content: { type: 'image', text: 'look', ...content },
    ...{ source: { type: 'api:conversations' }, metadata: { a: 1 } },
  })
  deepEqual(showMessage11(said, SCENE), {
    ...{ _id: '7', type: 'image', text: 'look', ...content, role: 'appUser', authorId: '01', name: 'Ann' },
    ...{ received: 1.5, source: { type: 'api' }, metadata: { a: 1 } },
  })
})

test('what other doors keep breaks nothing, and speaks for nobody', () => {
  const good = { author: business as unknown as Json, more: {}, metadata: null }
  const rows: readonly (readonly [why: string, data: Json, from: string | null])[] = [
    ['null', null, null],
    ['a text', 'x', null],
    ['a list', [good], null],
    ['no author', { more: {}, metadata: null }, null],
    ['no content', { author: good.author, metadata: null }, null],
    ['items that are no list', { ...good, more: { items: 7 } }, null],
    ['items that are none', { ...good, more: { items: [null] } }, null],
    ['a URL that is no text', { ...good, more: { mediaUrl: {} } }, null],
    ['metadata that is none', { ...good, metadata: 'x' }, null],
    ['a name that is no text', { ...good, author: { type: 'business', displayName: {} } }, null],
    ['a user who speaks for the business', good, 'bob'],
    ['a user who speaks for another', { ...good, author: ann as unknown as Json }, 'bob'],
    ['the business as a user', { ...good, author: ann as unknown as Json }, null],
  ]
  equal(keptOf(message({ sunshine: good }))?.author.type, 'business')
  for (const [why, sunshine, from] of rows) {
    const forged = message({ sunshine }, { from, text: 'x', type: 'text' })
    equal(keptOf(forged), null, why)
    const { author, content } = showMessage(forged, SCENE)
    deepEqual(content, { type: 'text', text: 'x' }, why)
    deepEqual(author, from === null ? business : { type: 'user', userExternalId: from }, why)
  }
})
