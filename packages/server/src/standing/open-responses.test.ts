import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { createOpenResponses } from './open-responses.ts'

test('open responses: a review cuts what is not permitted any more, in the app that changed', () => {
  const open = createOpenResponses()
  const cut: string[] = []
  const add = (app: string, name: string, permitted: boolean) =>
    open.add({ app, permitted: () => permitted, cut: () => void cut.push(name) })
  add('a', 'kept', true)
  add('a', 'cut', false)
  add('b', 'elsewhere', false)
  equal(open.review('a'), 1)
  deepEqual(cut, ['cut'])
  equal(open.review(null), 2)
})

test('open responses: what has ended is not cut, and ending twice does no harm', () => {
  const open = createOpenResponses()
  const end = open.add({ app: 'a', permitted: () => false, cut: () => {} })
  equal(open.size, 1)
  end()
  end()
  equal(open.size, 0)
  equal(open.review('a'), 0)
})

test('open responses: ending while being reviewed is harmless', () => {
  const open = createOpenResponses()
  const ends: (() => void)[] = []
  for (let i = 0; i < 3; i++) {
    ends.push(
      open.add({
        app: 'a',
        permitted: () => false,
        cut: () => {
          for (const end of ends) end()
        },
      }),
    )
  }
  equal(open.review('a'), 3)
  equal(open.size, 0)
})
