import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { openSqliteRecords } from './sqlite.ts'

/** Opens the file that its first argument names, and appends changes, telling each sequence once it is answered. */
const WRITER = `
  import { parentPort, workerData } from 'node:worker_threads'
  const [url, file, count] = workerData ?? process.argv.slice(1)
  const { openSqliteRecords } = await import(url)
  const records = await openSqliteRecords({ file })
  const tell = (message) => parentPort === null ? process.send(message) : parentPort.postMessage(message)
  await records.apps.create({ id: 'a', name: '', settings: {}, linkKey: new Uint8Array(1), at: 1 }).catch(() => {})
  for (let n = 0; n < Number(count); n++) {
    const change = { kind: 'revoke', app: 'a', target: { token: String(n) } }
    tell((await records.changes.append(change, 'writer', 1)).sequence)
  }
  await records.close()
`
const URL_OF_SQLITE = new URL('./sqlite.ts', import.meta.url).href

async function withFile(body: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-records-'))
  try {
    await body(join(folder, 'gatehouse.db'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('threads that open a new file at once bring it up to date once, and share one order of changes', () =>
  withFile(async (file) => {
    const code = new URL(`data:text/javascript,${encodeURIComponent(WRITER)}`)
    const lists = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const worker = new Worker(code, { workerData: [URL_OF_SQLITE, file, 25] })
        const told: number[] = []
        worker.on('message', (sequence: number) => told.push(sequence))
        const [code_] = await once(worker, 'exit')
        assert.equal(code_, 0)
        return told
      }),
    )
    for (const told of lists) {
      assert.deepEqual(
        told,
        told.toSorted((a, b) => a - b),
      )
    }
    const all = lists.flat().toSorted((a, b) => a - b)
    assert.deepEqual(
      all,
      Array.from({ length: 100 }, (_, n) => n + 1),
    )
  }))

test('what a process has answered survives its being killed', () =>
  withFile(async (file) => {
    for (let round = 0; round < 3; round++) {
      const last = await killedWriter(file)
      const records = await openSqliteRecords({ file })
      assert.ok((await records.changes.last()) >= last)
      assert.equal((await records.changes.since(last - 1, 1))[0]?.sequence, last)
      await records.close()
    }
  }))

/** Lets a process write, kills it in the midst, and answers the last sequence that it told. */
async function killedWriter(file: string): Promise<number> {
  const child = startWriter(file)
  let last = 0
  let told = 0
  child.on('message', (sequence: number) => {
    last = sequence
    if (++told === 20) child.kill('SIGKILL')
  })
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGKILL')
  return last
}

function startWriter(file: string): ChildProcess {
  return fork('-', [], {
    execArgv: [...process.execArgv, '--input-type=module', '--eval', WRITER, URL_OF_SQLITE, file, '1000000'],
  })
}
