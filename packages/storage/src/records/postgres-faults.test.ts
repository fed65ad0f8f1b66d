import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type PostgresServer, startPostgresServer } from '../../conformance/postgres-server.ts'
import { type Records, Unavailable } from './port.ts'
import { openPostgresRecords } from './postgres.ts'
import { openPostgresDatabase } from './postgres-database.ts'
import { migrate } from './sql/migrations/run.ts'

/** Far more than the two seconds that the port promises, far less than for ever. */
const LIMIT = { timeout: 60_000 }

const revoke = (records: Records, token: string) =>
  records.changes.append({ kind: 'revoke', app: 'a', target: { token } }, 'tester', 1)

/** One call of each kind: a read, a small write, a large one, and the check of health. */
const CALLS: readonly ((records: Records) => Promise<unknown>)[] = [
  (records) => records.apps.find('a'),
  (records) => records.attachments.findByPath('/apps/a/x'),
  (records) => revoke(records, 'x'),
  (records) =>
    records.conversations.put({
      app: 'a',
      id: 'talk',
      type: 'group',
      members: Array.from({ length: 5000 }, (_, n) => `user-${n}`),
      at: 1,
    }),
  (records) => records.ping(),
]

describe('postgres: what goes wrong', () => {
  let server: PostgresServer
  let url: string
  let records: Records
  before(async () => {
    server = await startPostgresServer()
    url = await server.createDatabase()
    records = await openPostgresRecords({ url, connections: 4 })
    await records.apps.create({ id: 'a', name: 'A', settings: {}, linkKey: new Uint8Array(1), at: 1 })
  })
  after(async () => {
    await records.close()
    await server.end()
  })

  const assertUnavailable = () =>
    Promise.all(CALLS.map((call) => assert.rejects(call(records), (error) => error instanceof Unavailable)))

  test(
    'a change of the schema takes as long as it takes, and so does waiting for another process that makes it',
    LIMIT,
    async () => {
      const long = 'select pg_sleep(2)'
      const databases = [1, 2].map(() => openPostgresDatabase<object>({ url, connections: 1 }))
      const steps = [{ name: 'test-0001', statements: () => [long, 'create table made (id bigint)'] }]
      await Promise.all(databases.map((database) => migrate(database, steps, 1)))
      for (const database of databases) {
        assert.deepEqual(await database.ask('select * from made', []), [])
        await assert.rejects(database.ask(long, []), Unavailable)
        await database.close()
      }
    },
  )

  test('a server that hangs is unavailable, connected or not, and all is well once it goes on', LIMIT, async () => {
    const { sequence } = (await revoke(records, 'before')) ?? { sequence: 0 }
    server.freeze()
    try {
      await assertUnavailable()
      // By now no connection is left: this is about making new ones.
      await assertUnavailable()
      await assert.rejects(openPostgresRecords({ url }), Unavailable)
    } finally {
      server.thaw()
    }
    assert.equal((await records.apps.find('a'))?.id, 'a')
    const later = await revoke(records, 'after')
    assert.ok((later?.sequence ?? 0) > sequence)
  })

  test('a server that is gone is unavailable, and all is well once it is back', LIMIT, async () => {
    const { sequence } = (await revoke(records, 'before')) ?? { sequence: 0 }
    await server.halt()
    await assertUnavailable()
    await assert.rejects(openPostgresRecords({ url }), Unavailable)
    await server.resume()
    assert.equal((await revoke(records, 'after'))?.sequence, sequence + 1)
  })

  test('records that hang or are gone can be closed', LIMIT, async () => {
    const other = await openPostgresRecords({ url })
    server.freeze()
    try {
      await other.close()
    } finally {
      server.thaw()
    }
    await assert.rejects(other.ping(), Unavailable)
  })

  test('many nodes that start at once bring an empty database up to date once', LIMIT, async () => {
    const empty = await server.createDatabase()
    const nodes = await Promise.all(
      Array.from({ length: 5 }, () => openPostgresRecords({ url: empty, connections: 2 })),
    )
    await Promise.all(nodes.map((node) => node.ping()))
    await Promise.all(nodes.map((node) => node.close()))
  })
})
