import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, truncate, unlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inChunks, patternBytes } from '../../conformance/blob-source.ts'
import { openDescriptors, opened, testBlobs, until } from '../../conformance/blobs.ts'
import { type DiskBlobsOptions, openDiskBlobs } from './disk.ts'
import { ownerMark } from './owner.ts'
import { BlobsUnavailable } from './port.ts'

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
