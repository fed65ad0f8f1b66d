import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { gatedSource, inChunks, patternBytes } from '../../conformance/blob-source.ts'
import { listAll, opened, readAll, testBlobs } from '../../conformance/blobs.ts'
import { type S3Server, startS3Server } from '../../conformance/s3-server.ts'
import { BlobsUnavailable } from './port.ts'
import { openS3Blobs, type S3BlobsOptions } from './s3.ts'
import { parseS3Url } from './s3-url.ts'

const MB = 1024 * 1024
const PART = 5 * MB
const noLimit = { maxBytes: Number.MAX_SAFE_INTEGER }

let server: S3Server
let client: S3Client

before(async () => {
  server = await startS3Server()
  client = new S3Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: server,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
})

after(async () => {
  client?.destroy()
  await server?.stop()
})

const locate = (bucket: string): S3BlobsOptions => ({
  ...parseS3Url(`s3://${bucket}/gate/house?endpoint=${server.endpoint}`),
  credentials: server,
})

/** A bucket of its own with a store in it. */
async function makeS3Blobs(options: Partial<S3BlobsOptions> = {}) {
  const Bucket = `test-${randomUUID()}`
  await client.send(new CreateBucketCommand({ Bucket }))
  const blobs = openS3Blobs({ ...locate(Bucket), abandonedMs: 0, ...options })
  return {
    Bucket,
    blobs,
    async litter() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
      return Uploads.map(({ Key }) => Key ?? '')
    },
    async interrupt() {
      for (const hex of ['0', '1']) {
        const Key = `gate/house/app/${hex.repeat(32)}`
        const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
        await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'half an upload' }))
      }
      return 2
    },
    end: () => blobs.close(),
  }
}

describe('S3 blobs conform to the port', () => {
  testBlobs(test, {
    make: makeS3Blobs,
    failAt: [0, 1, 65_537, PART - 1, PART, PART + 1, 2 * PART + 1, 3 * PART],
    uploadMemory: 6 * PART,
  })
})

describe('S3 blobs', () => {
  test('can be stored with checksums, alone and in parts', async () => {
    const { blobs } = await makeS3Blobs({ checksums: 'always' })
    for (const size of [10, 2 * PART + 1]) {
      const bytes = patternBytes(size)
      const { blob } = await blobs.put('app', inChunks(bytes), noLimit)
      assert.ok(Buffer.from(bytes).equals(await readAll(blobs, blob)), `${size} bytes`)
    }
    await blobs.close()
  })

  test('a young upload that this process did not begin is left alone', async () => {
    const store = await makeS3Blobs({ abandonedMs: 60_000 })
    await store.interrupt()
    assert.equal(await store.blobs.sweep(Date.now() + 3_600_000), 0)
    assert.equal((await store.litter()).length, 2)
    await store.end()
  })

  test('what else lies in the bucket is neither listed nor swept', async () => {
    const { Bucket, blobs, litter } = await makeS3Blobs()
    const other = openS3Blobs({ ...locate(Bucket), prefix: 'gate/house2' })
    await other.put('app', inChunks(patternBytes(10)), noLimit)
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'gate/house2/app/other' }))
    assert.deepEqual(await listAll(blobs), [])
    assert.equal(await blobs.sweep(Date.now() + 3_600_000), 0)
    assert.equal((await litter()).length, 1)
    await Promise.all([blobs.close(), other.close()])
  })

  test('a wrong secret, an unknown id and a bucket that is not there are refused, and nothing is stored', async () => {
    const { Bucket, blobs } = await makeS3Blobs()
    const { blob } = await blobs.put('app', inChunks(patternBytes(10)), noLimit)
    const wrong: [string, Partial<S3BlobsOptions>][] = [
      ['a wrong secret', { credentials: { ...server, secretAccessKey: 'wrong' } }],
      ['an unknown id', { credentials: { ...server, accessKeyId: 'WRONG' } }],
      ['a missing bucket', { bucket: 'test-not-there' }],
    ]
    for (const [what, change] of wrong) {
      const refused = openS3Blobs({ ...locate(Bucket), ...change })
      await assert.rejects(refused.ping(), BlobsUnavailable, what)
      await assert.rejects(refused.put('app', inChunks(patternBytes(10)), noLimit), BlobsUnavailable, what)
      await assert.rejects(refused.put('app', inChunks(patternBytes(2 * PART)), noLimit), BlobsUnavailable, what)
      await assert.rejects(listAll(refused), BlobsUnavailable, what)
      if (change.credentials) await assert.rejects(refused.open(blob), BlobsUnavailable, what)
      await refused.close()
    }
    assert.equal((await listAll(blobs)).length, 1)
    await blobs.close()
  })

  test('a server that is silent, and then gone, raises BlobsUnavailable for everything', async () => {
    const { blobs } = await makeS3Blobs({ answerMs: 500, stallMs: 500 })
    const bytes = patternBytes(40 * MB)
    const { blob } = await blobs.put('app', inChunks(bytes), noLimit)
    const questions = (handle: Awaited<ReturnType<typeof opened>>): [string, () => Promise<unknown>][] => [
      ['ping', () => blobs.ping()],
      ['open', () => blobs.open(blob)],
      ['stat', () => blobs.stat(blob)],
      ['delete', () => blobs.delete(`app/${'0'.repeat(32)}`)],
      ['list', () => listAll(blobs)],
      ['sweep', () => blobs.sweep(Date.now())],
      ['read', () => Array.fromAsync(handle.read(0, 1000))],
      ['put', () => blobs.put('app', inChunks(patternBytes(10)), noLimit)],
      ['put of many parts', () => blobs.put('app', inChunks(patternBytes(2 * PART)), noLimit)],
    ]
    const handle = await opened(blobs, blob)

    // One is half read, and one half written, when the silence begins.
    const reading = handle.read(0, handle.size)[Symbol.asyncIterator]()
    await reading.next()
    const source = gatedSource(patternBytes(PART + 1))
    const put = blobs.put('app', source.chunks, noLimit)
    await source.waiting
    server.freeze()
    source.end()
    await assert.rejects(put, BlobsUnavailable, 'a put that had begun')
    await assert.rejects(drain(reading), BlobsUnavailable, 'a read that had begun')
    for (const [what, ask] of questions(handle)) await assert.rejects(ask, BlobsUnavailable, `${what}, silent`)

    server.thaw()
    await blobs.ping()
    assert.ok(Buffer.from(bytes).equals(await readAll(blobs, blob)), 'everything is there again')

    await server.kill()
    for (const [what, ask] of questions(handle)) await assert.rejects(ask, BlobsUnavailable, `${what}, gone`)
    await blobs.close()
  })
})

async function drain(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  while (!(await chunks.next()).done);
}
