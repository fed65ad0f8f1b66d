import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { usePostgres } from './support/postgres.ts'
import { LEVELS, race } from './support/race.ts'

/** No request that starts after the answer to a revocation succeeds, on one node (security.md, R1). */

const database = await usePostgres()
after(database.end)
let raced = 0

const NODES = {
  'SQLite, one worker': { flags: ['--workers', '1'] },
  'SQLite, three workers': { flags: ['--workers', '3'] },
  PostgreSQL: { database: database.url },
} as const

for (const [name, options] of Object.entries(NODES)) {
  test(`no late success: ${name}`, { timeout: 300_000 }, async (t) => {
    const house = await startGatehouse(options)
    for (const [level, prepare] of Object.entries(LEVELS)) {
      await t.test(level, async () => {
        raced += await race([house.port], await prepare(house.admin))
      })
    }
    await house.stop()
  })
}

test('the races were many enough to mean something', () => {
  assert.ok(raced >= 20_000, `only ${raced} requests were raced`)
})
