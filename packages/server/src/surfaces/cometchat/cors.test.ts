import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApi } from '../../../test/api.ts'
import { createOrigins } from './cors.ts'

test('an origin that no app lists is looked for each time, but not all the time', async (t) => {
  const house = await openApi()
  t.after(() => house.close())
  const { body } = await house.call('POST', '/v1/apps', {
    name: 'Chat',
    settings: { allowedOrigins: ['https://listed.test'] },
  })
  let now = 1_000_000
  const rests: number[] = []
  const { apps } = house.parts.records
  // A database in which every page takes twenty milliseconds.
  const slow: Parameters<typeof createOrigins>[0] = {
    list: async (paging) => {
      now += 20
      return apps.list(paging)
    },
  }
  const origins = createOrigins(
    slow,
    () => now,
    async (milliseconds) => {
      rests.push(milliseconds)
      now += milliseconds
    },
  )
  for (const [origin, listed] of [
    [undefined, false],
    ['null', false],
    ['https://other.test', false],
    ['https://listed.test', true],
    ['https://another.test', false],
  ] as const) {
    assert.equal(await origins.listed(origin), listed, origin)
  }
  assert.deepEqual(rests, [180])
  await house.call('PATCH', `/v1/apps/${body.id}`, { settings: { allowedOrigins: ['https://another.test'] } })
  assert.equal(await origins.listed('https://another.test'), true, 'what is new is found at once')
  assert.deepEqual(rests, [180, 180])
  now += 60_000
  assert.equal(await origins.listed('https://listed.test'), false)
  assert.deepEqual(rests, [180, 180], 'nothing waits where nobody asked lately')
})
