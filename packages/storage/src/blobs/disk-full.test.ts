import assert from 'node:assert/strict'
import { statfsSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inChunks, patternBytes } from '../../conformance/blob-source.ts'
import { listAll, readAll } from '../../conformance/blobs.ts'
import { mountSmallDisk } from '../../conformance/small-disk.ts'
import { openDiskBlobs } from './disk.ts'
import { DiskFull } from './port.ts'
import { createReserve } from './reserve.ts'

const MB = 1024 * 1024
const noLimit = { maxBytes: Number.MAX_SAFE_INTEGER }

const onSmallDisk = async (body: (folder: string) => Promise<void>, bytes = 8 * MB) => {
  const disk = mountSmallDisk(bytes)
  try {
    await body(disk.folder)
  } finally {
    disk.remove()
  }
}

describe('a disk that fills up', () => {
  test('an upload that meets the end of the disk raises DiskFull and leaves nothing; blobs that are there can be read', () =>
    onSmallDisk(async (folder) => {
      const blobs = await openDiskBlobs({ folder, reserveBytes: 0 })
      const bytes = patternBytes(MB)
      const { blob } = await blobs.put('app', inChunks(bytes), noLimit)
      await assert.rejects(blobs.put('app', inChunks(patternBytes(9 * MB)), noLimit), DiskFull)
      assert.deepEqual(await readdir(join(folder, 'tmp')), [])
      assert.deepEqual(await listAll(blobs), [{ ...(await blobs.stat(blob)), blob }])
      assert.ok(Buffer.from(bytes).equals(await readAll(blobs, blob)))
      await blobs.put('app', inChunks(patternBytes(5 * MB)), noLimit)
      await blobs.close()
    }))

  test('an upload is refused before its first byte is asked for where only the reserve is free', () =>
    onSmallDisk(async (folder) => {
      const blobs = await openDiskBlobs({ folder, reserveBytes: 2 * MB })
      writeFileSync(join(folder, 'other'), new Uint8Array(6 * MB + 1))
      assert.equal(await blobs.free(), 0)
      let asked = false
      async function* source() {
        asked = true
        yield new Uint8Array(1)
      }
      await assert.rejects(blobs.put('app', source(), noLimit), DiskFull)
      assert.equal(asked, false)
      await rm(join(folder, 'other'))
      await blobs.put('app', source(), noLimit)
      await blobs.close()
    }))

  test('an upload that is on its way stops at the reserve', () =>
    onSmallDisk(async (folder) => {
      const blobs = await openDiskBlobs({ folder, reserveBytes: 20 * MB })
      async function* endless() {
        while (true) yield new Uint8Array(MB)
      }
      await assert.rejects(blobs.put('app', endless(), noLimit), { name: 'DiskFull', message: /reserve/ })
      await blobs.close()
    }, 48 * MB))
})

describe('the reserve', () => {
  test('takes real room, gives it to a full disk once, and is taken again when there is room', () =>
    onSmallDisk(async (folder) => {
      const reserve = createReserve({ folder, bytes: 2 * MB })
      assert.equal(freeBytes(folder), 6 * MB)
      fill(folder)
      assert.throws(() => writeFileSync(join(folder, 'change'), 'revoked'), { code: 'ENOSPC' })
      assert.equal(reserve.release(), true)
      writeFileSync(join(folder, 'change'), 'revoked')
      assert.equal(reserve.release(), false, 'there is no second one')
      assert.equal(await reserve.restore(), false, 'the disk is as good as full')
      await rm(join(folder, 'filler'))
      assert.equal(await reserve.restore(), true)
      assert.equal(await reserve.restore(), true, 'whole already')
      assert.equal(freeBytes(folder), 6 * MB - 4096)
    }))

  test('on a disk that is full at the start is empty, and no fault', () =>
    onSmallDisk(async (folder) => {
      fill(folder)
      const reserve = createReserve({ folder, bytes: 2 * MB })
      assert.equal(reserve.release(), false)
    }))

  test('is found again by the next process, in the size that is asked for', () =>
    onSmallDisk(async (folder) => {
      createReserve({ folder, bytes: 2 * MB })
      createReserve({ folder, bytes: 2 * MB })
      assert.equal(freeBytes(folder), 6 * MB)
      createReserve({ folder, bytes: MB })
      assert.equal(freeBytes(folder), 7 * MB)
    }))
})

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** Fills a disk to its last byte. */
function fill(folder: string): void {
  assert.throws(() => writeFileSync(join(folder, 'filler'), new Uint8Array(64 * MB)), { code: 'ENOSPC' })
}
