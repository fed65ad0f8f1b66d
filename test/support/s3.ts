import { randomBytes } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startS3Server } from '@gatehouse/storage/conformance/s3-server'

/** Where an S3 store is, and who may use it. */
export type S3Account = {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A new, empty bucket. */
export type S3Bucket = S3Account & {
  readonly region: string
  readonly bucket: string
  readonly end: () => Promise<void>
}

/** Where the variable is set (to a URL with key and secret in it), tests share that store instead of starting one each. */
export const SHARED_S3 = 'GATEHOUSE_TEST_S3'

/** An account as the text that {@link SHARED_S3} holds. */
export function toShared({ endpoint, accessKeyId, secretAccessKey }: S3Account): string {
  return Object.assign(new URL(endpoint), { username: accessKeyId, password: secretAccessKey }).href
}

/** Makes a bucket in the shared store, or in one of its own. `end` stops the latter; a shared one keeps the bucket. */
export async function useS3(): Promise<S3Bucket> {
  const shared = process.env[SHARED_S3]
  const own = shared === undefined ? await startS3Server() : null
  const { endpoint, accessKeyId, secretAccessKey } = own ?? fromShared(shared ?? '')
  const bucket = `test-${randomBytes(6).toString('hex')}`
  const region = 'us-east-1'
  const credentials = { accessKeyId, secretAccessKey }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  return { endpoint, region, ...credentials, bucket, end: async () => own?.stop() }
}

function fromShared(text: string): S3Account {
  const { username: accessKeyId, password: secretAccessKey, origin: endpoint } = new URL(text)
  return { endpoint, accessKeyId, secretAccessKey }
}
