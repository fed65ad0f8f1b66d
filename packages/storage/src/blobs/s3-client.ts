import { S3Client } from '@aws-sdk/client-s3'
import type { S3Location } from './s3-url.ts'

/**
 * Makes a client of a bucket's store. A connection is waited for `connectMs`; one on which nothing happens is ended after
 * `stallMs`. Requests that failed for a passing reason are tried twice.
 */
export function createS3Client(
  { endpoint, region, credentials, forcePathStyle, checksums }: S3Location,
  { connectMs, stallMs }: { connectMs: number; stallMs: number },
): S3Client {
  const when = checksums === 'always' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  // Compatible stores ignore the region, but a signature cannot do without one.
  const place = region ?? (endpoint && !process.env.AWS_REGION ? 'us-east-1' : null)
  return new S3Client({
    forcePathStyle,
    ...(endpoint && { endpoint }),
    ...(place && { region: place }),
    ...(credentials && { credentials }),
    requestChecksumCalculation: when,
    responseChecksumValidation: when,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: stallMs,
      // Every slow viewer holds a connection.
      httpAgent: { keepAlive: true, maxSockets: 4096 },
      httpsAgent: { keepAlive: true, maxSockets: 4096 },
    },
  })
}
