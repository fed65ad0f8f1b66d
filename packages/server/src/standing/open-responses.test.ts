import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { createOpenResponses } from './open-responses.ts'

const revokedIn = (app: string | null) => ({
  app,
  change: { kind: 'user', app: 'a', user: 'bob', to: 'suspended' } as const,
  paths: [],
})

test('open responses: a review cuts what is not permitted any more, in the app that changed', () => {
  const open = createOpenResponses()
  const cut: string[] = []
  const add = (app: string, name: string, permitted: boolean) =>
    open.add({ app, path: `/${name}`, byLink: false, permitted: () => permitted, cut: () => void cut.push(name) })
  add('a', 'kept', true)
  add('a', 'cut', false)
  add('b', 'elsewhere', false)
  equal(open.review(revokedIn('a')), 1)
  deepEqual(cut, ['cut'])
  equal(open.review(revokedIn(null)), 2)
})

test('open responses: what has ended is not cut, and ending twice does no harm', () => {
  const open = createOpenResponses()
  const end = open.add({ app: 'a', path: '/x', byLink: false, permitted: () => false, cut: () => {} })
  equal(open.size, 1)
  end()
  end()
  equal(open.size, 0)
  equal(open.review(revokedIn('a')), 0)
})

test('open responses: ending while being reviewed is harmless', () => {
  const open = createOpenResponses()
  const ends: (() => void)[] = []
  for (let i = 0; i < 3; i++) {
    ends.push(
      open.add({
        app: 'a',
        path: '/x',
        byLink: false,
        permitted: () => false,
        cut: () => {
          for (const end of ends) end()
        },
      }),
    )
  }
  equal(open.review(revokedIn('a')), 3)
  equal(open.size, 0)
})

test('open responses: a change cuts what is open at its paths, and a new link key what links have opened', () => {
  const open = createOpenResponses()
  const cut: string[] = []
  for (const [name, byLink] of [
    ['one', false],
    ['two', false],
    ['link', true],
  ] as const) {
    open.add({ app: 'a', path: `/${name}`, byLink, permitted: () => true, cut: () => void cut.push(name) })
  }
  const deleted = { kind: 'attachment', app: 'a', attachment: '1', to: 'deleted' } as const
  equal(open.review({ app: 'a', change: deleted, paths: ['/two'] }), 1)
  equal(open.review({ app: 'a', change: { kind: 'link-key', app: 'a', linkKey: new Uint8Array() }, paths: [] }), 1)
  deepEqual(cut, ['two', 'link'])
})
