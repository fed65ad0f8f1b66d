import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inChunks, patternBytes } from '../../conformance/blob-source.ts'
import { openBlobs } from './open.ts'
import { BlobsUnavailable } from './port.ts'

test('a folder opens as blobs on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-open-'))
  const blobs = await openBlobs({ folder })
  const { blob } = await blobs.put('app', inChunks(patternBytes(3)), { maxBytes: 3 })
  assert.match(blobs.location(blob) ?? '', /^app\//)
  await blobs.close()
  await rm(folder, { recursive: true })
})

test('an s3 URL opens as a bucket, also while nobody answers', async () => {
  const blobs = await openBlobs('s3://id:secret@bucket?endpoint=http://127.0.0.1:1')
  await assert.rejects(blobs.ping(), BlobsUnavailable)
  await blobs.close()
})

test('anything else is refused', async () => {
  await assert.rejects(openBlobs('/var/data'), TypeError)
})
