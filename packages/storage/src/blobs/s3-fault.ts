import { errorCode } from './fault.ts'
import { BlobsUnavailable, DiskFull, TooLarge } from './port.ts'

const FULL = /QuotaExceeded|StorageFull|InsufficientCapacity|InsufficientStorage/
const MISSING = new Set(['NoSuchKey', 'NotFound'])

/** Whether S3 says that there is no such object. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(nameOf(error)) || (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket')
}

/**
 * What a fault of S3 means to the port: no room (a quota, or status 507), or no answer, which is everything else: nobody
 * there, silence, refused credentials, a bucket that is missing. Errors of the port pass unchanged.
 */
export function s3Fault(error: unknown): Error {
  if (error instanceof DiskFull || error instanceof BlobsUnavailable || error instanceof TooLarge) return error
  const name = nameOf(error)
  if (FULL.test(name) || statusOf(error) === 507)
    return new DiskFull(`no room in the bucket (${name})`, { cause: error })
  const what = [errorCode(error) ?? name, statusOf(error)].filter(Boolean).join(', status ')
  return new BlobsUnavailable(`the bucket does not answer as it should (${what})`, { cause: error })
}

function nameOf(error: unknown): string {
  const name = (error as { name?: unknown } | null)?.name
  return typeof name === 'string' ? name : 'unknown fault'
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode
}
