import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gatedSource, inChunks, patternBytes } from '../conformance/blob-source.ts'
import { listAll } from '../conformance/blobs.ts'
import { auditStorage, sweepStorage } from './audit.ts'
import { openDiskBlobs } from './blobs/disk.ts'
import { BlobsUnavailable } from './blobs/port.ts'
import { openSqliteRecords } from './records/sqlite.ts'

const HOUR = 3_600_000
const noLimit = { maxBytes: Number.MAX_SAFE_INTEGER }

/** An installation on disk with one app in it. */
async function makeStorage() {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-audit-'))
  const records = await openSqliteRecords({ file: join(folder, 'gatehouse.db') })
  const blobs = await openDiskBlobs({ folder })
  await records.apps.create({ id: 'app', name: 'App', settings: {}, linkKey: new Uint8Array(32), at: 1 })
  let made = 0

  const store = (size: number) => blobs.put('app', inChunks(patternBytes(size, ++made)), noLimit)
  const commit = (stored: { blob: string; size: number; sha256: string }) => {
    const id = `${++made}`.padStart(24, '0')
    return records.attachments.create({
      ...stored,
      app: 'app',
      id,
      path: `/apps/app/${id}/file`,
      conversation: null,
      filename: 'file',
      contentType: 'text/plain',
      access: 'private',
      from: null,
      recipients: null,
      at: 1,
    })
  }
  return {
    folder,
    records,
    blobs,
    /** Stores a blob that no record names. */
    store,
    commit,
    attach: async (size: number) => commit(await store(size)),
    pathOf: (blob: string) => join(folder, 'blobs', blobs.location(blob) ?? ''),
    /** Makes a blob so old. */
    async age(blob: string, ms: number) {
      const at = (Date.now() - ms) / 1000
      await utimes(join(folder, 'blobs', blobs.location(blob) ?? ''), at, at)
    },
    async end() {
      await records.close()
      await blobs.close()
      await rm(folder, { recursive: true })
    },
  }
}

const check = (name: string, body: (storage: Awaited<ReturnType<typeof makeStorage>>) => Promise<void>) =>
  test(name, async () => {
    const storage = await makeStorage()
    try {
      await body(storage)
    } finally {
      await storage.end()
    }
  })

describe('an audit', () => {
  check('finds nothing wrong where every record has its blob, and counts what it looked at', async (storage) => {
    for (const size of [0, 1, 100_000]) await storage.attach(size)
    const seen: number[] = []
    const audit = await auditStorage({ ...storage, deep: true, onProgress: ({ recorded }) => seen.push(recorded) })
    assert.deepEqual([audit.sound, audit.problems], [true, []])
    assert.deepEqual([audit.recorded, audit.stored, audit.bytes], [3, 3, 100_001])
    assert.equal(seen.at(-1), 3)
  })

  check('goes through every page of the records', async (storage) => {
    const stored = await storage.store(1)
    const blobs = Array.from({ length: 1201 }, (_, index) => `app/${index.toString(16).padStart(32, '0')}`)
    for (const blob of blobs) await storage.commit({ ...stored, blob })
    const audit = await auditStorage(storage)
    assert.equal(audit.counts.missing, 1201)
    assert.equal(audit.problems.length, 1000)
    assert.equal(audit.sound, false)
  })

  check('finds a blob that is gone', async (storage) => {
    const { blob } = await storage.attach(10)
    await storage.attach(10)
    await unlink(storage.pathOf(blob))
    const audit = await auditStorage(storage)
    assert.deepEqual([audit.sound, audit.problems], [false, [{ kind: 'missing', blob }]])
  })

  check('finds a blob that is too short or too long', async (storage) => {
    const [short, long] = [await storage.attach(10), await storage.attach(10)]
    await truncate(storage.pathOf(short.blob), 9)
    await appendFile(storage.pathOf(long.blob), 'x')
    const { sound, problems } = await auditStorage(storage)
    assert.equal(sound, false)
    assert.deepEqual(
      new Set(problems),
      new Set([
        { kind: 'size', blob: short.blob, recorded: 10, found: 9 },
        { kind: 'size', blob: long.blob, recorded: 10, found: 11 },
      ]),
    )
  })

  check('finds other bytes only when it is deep', async (storage) => {
    const { blob, sha256 } = await storage.attach(10)
    await writeFile(storage.pathOf(blob), '0123456789')
    assert.equal((await auditStorage(storage)).sound, true)
    const { sound, problems } = await auditStorage({ ...storage, deep: true })
    assert.equal(sound, false)
    assert.deepEqual(problems, [
      {
        kind: 'hash',
        blob,
        recorded: sha256,
        found: '84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882',
      },
    ])
  })

  check('finds a blob that cannot be read', async (storage) => {
    const stored = await storage.store(10)
    const path = storage.pathOf(stored.blob)
    await unlink(path)
    await mkdir(path) // a folder can be opened, but reading it is a fault of the system
    const size = (await storage.blobs.stat(stored.blob))?.size ?? 0
    await storage.commit({ ...stored, size })
    const { sound, problems } = await auditStorage({ ...storage, deep: true })
    assert.deepEqual([sound, problems.map(({ kind }) => kind)], [false, ['unreadable']])
  })

  check('reports an old blob that no record names, and no young one', async (storage) => {
    const [old, young] = [await storage.store(10), await storage.store(20)]
    await storage.age(old.blob, 2 * HOUR)
    await storage.age(young.blob, HOUR / 2)
    const { sound, problems } = await auditStorage(storage)
    assert.equal(sound, true)
    assert.deepEqual(
      problems.map(({ kind, blob }) => [kind, blob]),
      [['unreferenced', old.blob]],
    )
  })

  check('takes an outage for an outage, and not for a loss', async (storage) => {
    await storage.attach(10)
    await rename(join(storage.folder, 'blobs'), join(storage.folder, 'away'))
    await assert.rejects(auditStorage(storage), BlobsUnavailable)
    await rename(join(storage.folder, 'away'), join(storage.folder, 'blobs'))
    assert.equal((await auditStorage(storage)).sound, true)
  })
})

describe('a sweep', () => {
  const sweep = (storage: Awaited<ReturnType<typeof makeStorage>>, now = Date.now()) =>
    sweepStorage({ ...storage, graceMs: HOUR, now })

  check('removes old blobs that no record names, and nothing else', async (storage) => {
    const [old, young] = [await storage.store(10), await storage.store(10)]
    const attached = await storage.attach(10)
    for (const blob of [old.blob, attached.blob]) await storage.age(blob, 2 * HOUR)
    assert.deepEqual(await sweep(storage), { interrupted: 0, unreferenced: 1 })
    const left = (await listAll(storage.blobs)).map(({ blob }) => blob)
    assert.deepEqual(left.sort(), [young.blob, attached.blob].sort())
  })

  check('removes a blob once its attachment is deleted', async (storage) => {
    const { id, blob } = await storage.attach(10)
    await storage.age(blob, 2 * HOUR)
    const change = { kind: 'attachment', app: 'app', attachment: id, to: 'deleted' } as const
    await storage.records.changes.append(change, 'test', Date.now())
    assert.equal((await sweep(storage)).unreferenced, 1)
    assert.deepEqual(await listAll(storage.blobs), [])
  })

  check('removes at once what a dead process was writing, and leaves an upload in progress alone', async (storage) => {
    const source = gatedSource(patternBytes(1000))
    const put = storage.blobs.put('app', source.chunks, noLimit)
    await source.waiting
    const [mine] = await readdir(join(storage.folder, 'tmp'))
    await writeFile(join(storage.folder, 'tmp', mine?.replace(/-\d+-\d+-/, '-1-987654321-') ?? ''), 'half an upload')
    const later = Date.now() + 10 * HOUR
    assert.deepEqual(await sweep(storage, later), { interrupted: 1, unreferenced: 0 })
    source.end()
    assert.equal((await put).size, 1000)
  })
})
