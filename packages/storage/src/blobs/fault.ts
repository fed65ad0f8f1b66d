import { constants } from 'node:os'
import { BlobsUnavailable, DiskFull, TooLarge } from './port.ts'

/** The `code` of a Node system error (`ENOENT` and so on), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

/** Whether a system error says that there is no room: ENOSPC, or EDQUOT, for which Node knows no code, only the number. */
export function isNoRoom(error: unknown): boolean {
  const number = (error as { errno?: unknown } | null)?.errno
  return errorCode(error) === 'ENOSPC' || number === -constants.errno.EDQUOT
}

/**
 * What a fault of the file system means to the port: no room ({@link DiskFull}: ENOSPC, EDQUOT), or no answer
 * ({@link BlobsUnavailable}: EIO and everything else). Errors of the port pass unchanged.
 */
export function diskFault(error: unknown): Error {
  if (error instanceof DiskFull || error instanceof BlobsUnavailable || error instanceof TooLarge) return error
  const code = errorCode(error) ?? 'unknown fault'
  if (isNoRoom(error)) return new DiskFull(`no room on the disk (${code})`, { cause: error })
  return new BlobsUnavailable(`the disk does not answer as it should (${code})`, { cause: error })
}
