import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseS3Url } from './s3-url.ts'

const aws = {
  bucket: 'bucket',
  prefix: '',
  endpoint: null,
  region: null,
  credentials: null,
  forcePathStyle: false,
  checksums: 'always',
}
const other = { ...aws, endpoint: 'https://s3.example.org:9000', forcePathStyle: true, checksums: 'when-required' }
const at = 'endpoint=https://s3.example.org:9000'

describe('the URL of a bucket', () => {
  const good: [string, object][] = [
    ['s3://bucket', aws],
    ['s3://bucket/', aws],
    ['s3://Bucket_1.x/a/b/', { ...aws, bucket: 'Bucket_1.x', prefix: 'a/b' }],
    ['s3://bucket/a%20b', { ...aws, prefix: 'a b' }],
    ['s3://bucket?region=eu-west-1', { ...aws, region: 'eu-west-1' }],
    [`s3://bucket?${at}`, other],
    ['s3://bucket?endpoint=https%3A%2F%2Fs3.example.org%3A9000', other],
    [`s3://bucket?${at}&checksums=always&path-style=false`, { ...other, checksums: 'always', forcePathStyle: false }],
    ['s3://id:se%2Fcret@bucket', { ...aws, credentials: { accessKeyId: 'id', secretAccessKey: 'se/cret' } }],
  ]
  for (const [url, location] of good) {
    test(`${url} is understood`, () => assert.deepEqual(parseS3Url(url), location))
  }

  const bad: [string, RegExp][] = [
    ['', /s3:\/\//],
    ['bucket/prefix', /s3:\/\//],
    ['https://bucket', /s3:\/\//],
    ['s3:///prefix', /bucket is missing/],
    ['s3://b', /bucket is missing/],
    ['s3://bucket:9000', /port belongs into endpoint/],
    ['s3://bucket/a//b', /prefix/],
    ['s3://bucket/a%2F..%2Fb', /prefix/],
    ['s3://bucket/%zz', /prefix/],
    ['s3://bucket/a%00', /prefix/],
    ['s3://bucket#part', /fragment/],
    ['s3://bucket?endpoint=s3.example.org', /endpoint is an http/],
    ['s3://bucket?endpoint=ftp://s3.example.org', /endpoint is an http/],
    ['s3://bucket?endpoint=https://id:secret@s3.example.org', /endpoint is an http/],
    ['s3://bucket?region=eu west', /region/],
    ['s3://bucket?region=a&region=b', /region is given 2 times/],
    ['s3://bucket?checksums=never', /checksums is one of when-required, always/],
    ['s3://bucket?path-style=yes', /path-style is one of true, false/],
    ['s3://bucket?enpoint=https://s3.example.org', /enpoint is no parameter; known are endpoint/],
    ['s3://id@bucket', /id:secret/],
    ['s3://bucket:1?region=&checksums=no', /port.*region.*checksums/],
  ]
  for (const [url, reason] of bad) {
    test(`${url || 'nothing'} is refused with a reason`, () => assert.throws(() => parseS3Url(url), reason))
  }

  test('what is wrong is said without the credentials', () => {
    assert.throws(
      () => parseS3Url('s3://id:hush@bucket:9000/a//b?x=1'),
      (error: Error) => !/hush/.test(error.message),
    )
  })
})
