import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { isBlobName, newBlobName } from './blob-name.ts'
import { type Blobs, BlobsUnavailable } from './port.ts'
import { createS3Client } from './s3-client.ts'
import { isMissing, s3Fault } from './s3-fault.ts'
import { readObject } from './s3-read.ts'
import type { S3Location } from './s3-url.ts'
import { measureUpload } from './upload.ts'

/** A bucket, and how long to wait for it. */
export type S3BlobsOptions = S3Location & {
  /** How long a small question may take in all, in milliseconds; default 2000. */
  readonly answerMs?: number
  /** How long a transfer may stand still because of the store, in milliseconds; default 10 000. */
  readonly stallMs?: number
  /** How old an incomplete upload that this process did not begin must be before it is swept; default one day. */
  readonly abandonedMs?: number
}

/** The smallest part that S3 takes; an upload holds at most four of them in memory. */
const PART = 5 * 1024 * 1024
const MAX_PARTS = 10_000

/**
 * Opens a bucket as a store of blobs; the key of a blob is `{prefix}/{app}/{32 hex}`. Nothing is asked of the bucket yet: a
 * store that is down at the start may come up later, and `ping` tells.
 *
 * Uploads go in parts of 5 MB, two at a time, and become visible all at once; the largest blob has 50 GB.
 * Raises `DiskFull` (a quota) and `BlobsUnavailable`.
 */
export function openS3Blobs(options: S3BlobsOptions): Blobs {
  const { bucket: Bucket, prefix, answerMs = 2000, stallMs = 10_000, abandonedMs = 24 * 60 * 60 * 1000 } = options
  const root = prefix === '' ? '' : `${prefix}/`
  let answeredAt = Number.NEGATIVE_INFINITY
  const active = new Set<string>() // keys of uploads in progress
  const client = createS3Client(options, { connectMs: Math.min(1000, answerMs), stallMs })

  /** Runs one small question, within its time; what the SDK does before it asks (finding credentials) counts too. */
  async function ask<T>(question: (within: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> {
    const late = new AbortController()
    const silence = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      silence.reject(new BlobsUnavailable(`no answer from the bucket in ${answerMs} ms`))
      late.abort()
    }, answerMs)
    try {
      const answer = await Promise.race([question({ abortSignal: late.signal }), silence.promise])
      answeredAt = performance.now()
      return answer
    } finally {
      clearTimeout(timer)
    }
  }

  const head = async (blob: string) => {
    if (!isBlobName(blob)) return null
    try {
      return await ask((within) => client.send(new HeadObjectCommand({ Bucket, Key: root + blob }), within))
    } catch (error) {
      if (isMissing(error)) return null
      throw s3Fault(error)
    }
  }

  const remove = (blob: string) =>
    ask((within) => client.send(new DeleteObjectCommand({ Bucket, Key: root + blob }), within))

  async function ping() {
    await ask((within) => client.send(new HeadBucketCommand({ Bucket }), within)).catch(raise)
  }

  return {
    async put(app, source, { maxBytes, signal }) {
      const blob = newBlobName(app)
      const Key = root + blob
      const limits = { maxBytes: Math.min(maxBytes, PART * MAX_PARTS) }
      const upload = measureUpload(source, signal ? { ...limits, signal } : limits)
      let failure: { error: unknown } | undefined
      async function* pieces() {
        try {
          yield* upload.pieces
        } catch (error) {
          failure = { error }
          throw error
        }
      }
      active.add(Key)
      try {
        signal?.throwIfAborted()
        // A store that is silent is noticed now, and not when the first part is full and has waited for its time.
        if (performance.now() - answeredAt > answerMs) await ping()
        const Body = Readable.from(pieces(), { objectMode: false, highWaterMark: 256 * 1024 })
        await new Upload({ client, params: { Bucket, Key, Body }, partSize: PART, queueSize: 2 }).done()
        signal?.throwIfAborted()
      } catch (error) {
        // A lost answer may have been a yes. What cannot be removed now is found by the audit, since no record names it.
        await remove(blob).catch(() => {})
        signal?.throwIfAborted()
        throw failure ? failure.error : s3Fault(error)
      } finally {
        active.delete(Key)
      }
      return { blob, size: upload.size(), sha256: upload.sha256() }
    },

    async open(blob) {
      const found = await head(blob)
      if (!found) return null
      const size = found.ContentLength ?? 0
      const object = { client, Bucket, Key: root + blob, size, answerMs, stallMs }
      return { size, read: (start, end) => readObject(object, start, end), async close() {} }
    },

    async stat(blob) {
      const found = await head(blob)
      return found && { size: found.ContentLength ?? 0, modifiedAt: found.LastModified?.getTime() ?? 0 }
    },

    async delete(blob) {
      if (!isBlobName(blob)) return
      await remove(blob).catch((error: unknown) => {
        if (!isMissing(error)) throw s3Fault(error)
      })
    },

    async *list() {
      let token: string | undefined
      do {
        const command = new ListObjectsV2Command({ Bucket, Prefix: root, ContinuationToken: token })
        const page = await ask((within) => client.send(command, within)).catch(raise)
        const piece = (page.Contents ?? [])
          .map(({ Key = '', Size = 0, LastModified }) => ({
            blob: Key.slice(root.length),
            size: Size,
            modifiedAt: LastModified?.getTime() ?? 0,
          }))
          .filter(({ blob }) => isBlobName(blob))
        if (piece.length > 0) yield piece
        token = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (token !== undefined)
    },

    async sweep(olderThan) {
      let removed = 0
      let next: { KeyMarker?: string; UploadIdMarker?: string } | null = {}
      while (next) {
        const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({ Bucket, Prefix: root, ...next })
        const page = await ask((within) => client.send(command, within)).catch(raise)
        for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
          // Whether another node is at work on it cannot be seen, only that it began long ago.
          const before = Math.min(olderThan, Date.now() - abandonedMs)
          if (active.has(Key) || !isBlobName(Key.slice(root.length)) || !(Initiated && Initiated.getTime() < before))
            continue
          await ask((within) => client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), within)).catch(
            raise,
          )
          removed++
        }
        next = page.IsTruncated
          ? { KeyMarker: page.NextKeyMarker ?? '', UploadIdMarker: page.NextUploadIdMarker ?? '' }
          : null
      }
      return removed
    },

    free: async () => null,
    location: () => null,
    ping,
    async close() {
      client.destroy()
    },
  }
}

function raise(error: unknown): never {
  throw s3Fault(error)
}
