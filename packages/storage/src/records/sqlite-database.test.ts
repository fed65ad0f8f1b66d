import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { openSqliteDatabase } from './sqlite-database.ts'

/** A statement that takes longer than statements may hold the event loop in a row. */
const LONG = 'select burn() as burnt'

/** So many short statements are asked at once. */
const MANY = 500

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-records-'))
after(() => rmSync(folder, { recursive: true }))

function open(file: string): Sqlite.Database {
  const connection = new Sqlite(file)
  connection.function('burn', { deterministic: false }, () => {
    const until = performance.now() + 12
    while (performance.now() < until);
    return 1
  })
  return connection
}

/** How often the event loop comes round while something goes on. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, going] = [0, true]
  const turn = () => {
    turns++
    if (going) setImmediate(turn)
  }
  setImmediate(turn)
  await work()
  going = false
  return turns
}

describe('sqlite: everything else has its turn between two long statements', () => {
  const databases = [
    ['a file', openSqliteDatabase<object>(() => open(join(folder, 'a.db')))],
    ['memory', openSqliteDatabase<object>(() => open(':memory:'), { single: true })],
  ] as const
  for (const [name, database] of databases) {
    after(() => database.close())
    const ways: readonly (readonly [string, (text: string) => Promise<unknown>])[] = [
      ['asked past the query builder', (text) => database.ask(text, [])],
      ['asked with it', (text) => sql.raw(text).execute(database.read)],
    ]
    for (const [way, asking] of ways) {
      const ask = () => asking(LONG)
      const short = () => asking('select 1')
      test(`${name}: ${way}, one after another or all at once`, async () => {
        const inTurn = async () => {
          for (let n = 0; n < 10; n++) await ask()
        }
        const atOnce = () => Promise.all(Array.from({ length: 10 }, ask))
        for (const work of [inTurn, atOnce]) assert.ok((await turnsDuring(work)) >= 9, work.name)
      })
      test(`${name}: ${way}, those who wait for short statements share a turn`, async () => {
        const many = async () => {
          await ask()
          await Promise.all(Array.from({ length: MANY }, short))
        }
        const turns = await turnsDuring(many)
        assert.ok(turns < MANY / 2, `${turns} turns`)
      })
      test(`${name}: ${way}, nobody waits for those who go on asking`, { timeout: 60_000 }, async () => {
        const answers = [0, 0, 0]
        const goOn = async (_: number, who: number) => {
          for (; Math.min(...answers) < 3; answers[who] = (answers[who] ?? 0) + 1) await ask()
        }
        await Promise.all(answers.map(goOn))
        assert.ok(Math.max(...answers) < 10, answers.join())
      })
    }
  }
})
