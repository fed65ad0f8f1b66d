import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Opens a store, puts one blob, and prints the name of what came of it. */
const program = (folder: string) => `
  import { openDiskBlobs } from ${JSON.stringify(import.meta.resolve('./disk.ts'))}
  const blobs = await openDiskBlobs({ folder: ${JSON.stringify(folder)}, reserveBytes: 0 })
  async function* source() { yield new Uint8Array(1000) }
  const outcome = await blobs.put('app', source(), { maxBytes: 1e9 }).then(() => 'stored', (error) => error.name)
  process.stdout.write(outcome)
`

/** Runs the program under strace with further arguments; one thread does all file work, so that calls can be counted. */
async function trace(folder: string, ...args: string[]) {
  const node = [process.execPath, ...process.execArgv, '--input-type=module', '--eval', program(folder)]
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const traced = run('strace', ['-f', '-qq', '-y', '-s', '0', ...args, ...node], { env, maxBuffer: 1 << 26 })
  const { stdout, stderr } = await traced.catch((error: { code?: unknown }) => {
    if (error.code === 'ENOENT')
      throw new Error('this test needs strace: apt-get install --no-install-recommends strace')
    throw error
  })
  return { outcome: stdout, calls: stderr.split('\n').filter((line) => line.includes(folder)) }
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-fault-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('what an upload asks of the system', () => {
  test('the file is synced, renamed, and every folder with a new name in it is synced, in this order', () =>
    inFolder(async (folder) => {
      const { outcome, calls } = await trace(folder, '-e', 'trace=fsync,rename')
      assert.equal(outcome, 'stored')
      const steps = calls.map((line) => {
        const call = /(fsync|rename)\(/.exec(line)?.[1]
        const place = line.slice(line.indexOf(folder) + folder.length).replace(/["<>].*/, '')
        return `${call} ${place.replace(/\/tmp\/.*/, '/tmp/*').replace(/\/[0-9a-f]{2}$/, '/*')}`
      })
      assert.deepEqual(steps, [
        'fsync ', // the data folder, when it is opened
        'fsync /tmp/*',
        'fsync /blobs/app',
        'fsync /blobs',
        'rename /tmp/*',
        'fsync /blobs/app/*',
      ])
    }))

  const rows: [fault: string, nth: number, error: string, outcome: string][] = [
    ['the file cannot be synced', 2, 'fsync:error=EIO', 'BlobsUnavailable'],
    ['the folder of the app cannot be synced', 3, 'fsync:error=EIO', 'BlobsUnavailable'],
    ['the folder of all blobs cannot be synced', 4, 'fsync:error=EIO', 'BlobsUnavailable'],
    ['the folder of the blob cannot be synced', 5, 'fsync:error=EIO', 'BlobsUnavailable'],
    ['there is no room when the file is synced', 2, 'fsync:error=ENOSPC', 'DiskFull'],
    ['the quota ends when the file is synced', 2, 'fsync:error=EDQUOT', 'DiskFull'],
    ['the file cannot be renamed', 1, 'rename:error=EIO', 'BlobsUnavailable'],
  ]
  for (const [fault, nth, error, outcome] of rows) {
    test(`where ${fault}, nothing is acknowledged and nothing stays`, () =>
      inFolder(async (folder) => {
        const call = error.slice(0, error.indexOf(':'))
        const faulty = await trace(folder, '-e', `trace=${call}`, '-e', `inject=${error}:when=${nth}`)
        assert.equal(faulty.outcome, outcome)
        assert.ok(
          faulty.calls.some((line) => line.includes('INJECTED')),
          'the fault came',
        )
        const left = await readdir(folder, { recursive: true, withFileTypes: true })
        assert.deepEqual(
          left.filter((entry) => entry.isFile()).map(({ name }) => name),
          [],
        )
      }))
  }
})
