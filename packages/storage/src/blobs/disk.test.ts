import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rename, rm, stat, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { collect, inChunks, patternBytes } from '../../conformance/blob-source.ts'
import { listAll, openDescriptors, opened, readAll, testBlobs, until } from '../../conformance/blobs.ts'
import { type DiskBlobsOptions, openDiskBlobs } from './disk.ts'
import { ownerMark } from './owner.ts'
import { BlobsUnavailable } from './port.ts'

const MB = 1024 * 1024
const noLimit = { maxBytes: Number.MAX_SAFE_INTEGER }

/** A folder of its own with a store in it. */
async function makeDiskBlobs(options: Partial<DiskBlobsOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-blobs-'))
  const blobs = await openDiskBlobs({ folder, ...options })
  return {
    folder,
    blobs,
    litter: () => readdir(join(folder, 'tmp')),
    async interrupt() {
      // Process 1 started when the machine did, so one of the same id that started later is dead.
      const name = ownerMark().replace(/-\d+-\d+-$/, '-1-987654321-')
      await writeFile(join(folder, 'tmp', `${name}0123`), 'half an upload')
      return 1
    },
    async end() {
      await blobs.close()
      await rm(folder, { recursive: true })
    },
  }
}

describe('disk blobs conform to the port', () => {
  testBlobs(test, {
    make: makeDiskBlobs,
    failAt: [0, 1, 2, 1000, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1_000_000],
    uploadMemory: 2 * 1024 * 1024,
  })
})

describe('disk blobs', () => {
  const withDisk = async (
    body: (disk: Awaited<ReturnType<typeof makeDiskBlobs>>) => Promise<void>,
    options: Partial<DiskBlobsOptions> = {},
  ) => {
    const disk = await makeDiskBlobs(options)
    try {
      await body(disk)
    } finally {
      await disk.end()
    }
  }

  test('lie at {app}/{2 hex}/{32 hex}, where a front server finds them', () =>
    withDisk(async ({ folder, blobs }) => {
      const { blob } = await blobs.put('app', inChunks(patternBytes(7)), noLimit)
      const location = blobs.location(blob)
      assert.match(location ?? '', /^app\/([0-9a-f]{2})\/\1[0-9a-f]{30}$/)
      assert.equal((await stat(join(folder, 'blobs', location ?? ''))).size, 7)
      assert.equal(blobs.location('../secret'), null)
    }))

  test('a file that shrinks while it is read raises, and never ends cleanly', () =>
    withDisk(async ({ folder, blobs }) => {
      const { blob } = await blobs.put('app', inChunks(patternBytes(3 * MB)), noLimit)
      const handle = await opened(blobs, blob)
      let read = 0
      const reading = async () => {
        for await (const chunk of handle.read(0, handle.size)) {
          if (read === 0) await truncate(join(folder, 'blobs', blobs.location(blob) ?? ''), 2 * MB)
          read += chunk.byteLength
        }
      }
      await assert.rejects(reading, BlobsUnavailable)
      assert.ok(read <= 2 * MB)
      await handle.close()
    }))

  test('a file that somebody else removed is gone once it is no longer open, and is read to its end by who has it', () =>
    withDisk(
      async ({ folder, blobs }) => {
        const { blob } = await blobs.put('app', inChunks(patternBytes(3 * MB)), noLimit)
        const handle = await opened(blobs, blob)
        await unlink(join(folder, 'blobs', blobs.location(blob) ?? ''))
        assert.ok(Buffer.from(patternBytes(3 * MB)).equals(await collect(handle.read(0, handle.size))))
        await handle.close()
        assert.equal(await blobs.open(blob), null)
      },
      { descriptors: 0 },
    ))

  test('keep a bounded number of files open, and none after closing', () =>
    withDisk(
      async ({ blobs }) => {
        const before = openDescriptors()
        const stored = await Promise.all(
          Array.from({ length: 40 }, () => blobs.put('app', inChunks(patternBytes(10)), noLimit)),
        )
        const handles = await Promise.all(stored.map(({ blob }) => opened(blobs, blob)))
        assert.ok(openDescriptors() >= before + 40)
        for (const handle of handles) {
          await handle.close()
          await handle.close() // a second time does nothing
        }
        await until(() => openDescriptors() <= before + 5, 'more than five files stay open')
        assert.ok(openDescriptors() >= before + 5, 'files are kept open for the next reader')
        await blobs.close()
        await until(() => openDescriptors() <= before, 'files stay open after closing')
      },
      { descriptors: 5 },
    ))

  test('many openers of one blob share a descriptor', () =>
    withDisk(async ({ blobs }) => {
      const { blob } = await blobs.put('app', inChunks(patternBytes(10)), noLimit)
      const before = openDescriptors()
      const handles = await Promise.all(Array.from({ length: 30 }, () => opened(blobs, blob)))
      assert.equal(openDescriptors(), before + 1)
      for (const handle of handles) await handle.close()
    }))

  test('a data folder that went away raises BlobsUnavailable', () =>
    withDisk(async ({ folder, blobs }) => {
      const { blob } = await blobs.put('app', inChunks(patternBytes(10)), noLimit)
      await rename(folder, `${folder}-away`)
      const questions: [string, () => Promise<unknown>][] = [
        ['put', () => blobs.put('app', inChunks(patternBytes(10)), noLimit)],
        ['open', () => blobs.open(blob)],
        ['stat', () => blobs.stat(blob)],
        ['delete', () => blobs.delete(blob)],
        ['list', () => listAll(blobs)],
        ['sweep', () => blobs.sweep(Date.now())],
        ['ping', () => blobs.ping()],
        ['free', () => blobs.free()],
      ]
      for (const [what, ask] of questions) await assert.rejects(ask, BlobsUnavailable, what)
      await rename(`${folder}-away`, folder)
      assert.equal((await readAll(blobs, blob)).byteLength, 10)
    }))

  test('an upload of a process that was killed is swept, one of a process at work is not', () =>
    withDisk(async ({ folder, blobs, litter }) => {
      const program = `
        import { openDiskBlobs } from ${JSON.stringify(import.meta.resolve('./disk.ts'))}
        const blobs = await openDiskBlobs({ folder: ${JSON.stringify(folder)} })
        async function* source() {
          yield new Uint8Array(100_000)
          console.log('writing')
          await new Promise(() => setInterval(() => {}, 1000))
        }
        await blobs.put('app', source(), { maxBytes: 1e9 })`
      const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      assert.equal((await litter()).length, 1)
      const future = Date.now() + 3_600_000
      assert.equal(await blobs.sweep(future), 0, 'the process is at work')
      child.kill('SIGKILL')
      await once(child, 'exit')
      assert.equal(await blobs.sweep(future), 1)
      assert.deepEqual(await litter(), [])
    }))

  test('a temporary file of another host is swept after a day', () =>
    withDisk(async ({ folder, blobs }) => {
      const path = join(folder, 'tmp', '00000000-1-1-0123')
      await writeFile(path, 'half an upload')
      assert.equal(await blobs.sweep(Date.now() + 3_600_000), 0)
      await utimes(path, 1, Date.now() / 1000 - 25 * 3600)
      assert.equal(await blobs.sweep(Date.now()), 1)
    }))
})
