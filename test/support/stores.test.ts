import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import pg from 'pg'
import { usePostgres } from './postgres.ts'
import { useS3 } from './s3.ts'

test('a database of its own for each who asks', async () => {
  const [one, other] = [await usePostgres(), await usePostgres()]
  for (const { url } of [one, other]) {
    const client = new pg.Client(url)
    await client.connect()
    await client.query('create table once (id int)')
    await client.end()
  }
  await one.end()
  await other.end()
})

test('a bucket that only its own key opens', async () => {
  const { bucket, endpoint, region, accessKeyId, secretAccessKey, end } = await useS3()
  const client = (secret: string) =>
    new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey: secret }, forcePathStyle: true })
  await client(secretAccessKey).send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: 'hello' }))
  const { Body } = await client(secretAccessKey).send(new GetObjectCommand({ Bucket: bucket, Key: 'a' }))
  assert.equal(await Body?.transformToString(), 'hello')
  await assert.rejects(client('wrong').send(new GetObjectCommand({ Bucket: bucket, Key: 'a' })), {
    name: 'SignatureDoesNotMatch',
  })
  await end()
})
