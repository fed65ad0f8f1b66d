import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { open, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { diskFault, isNoRoom } from './fault.ts'

/** Room on the disk that is kept for what must succeed even when everything else fills it. */
export interface Reserve {
  /**
   * Gives the room free, at once. Answers whether there was any: false means that trying again is no use.
   * Raises `BlobsUnavailable` where the disk does not answer.
   */
  release(): boolean
  /**
   * Takes the room again, where the disk has come to hold twice as much free. Answers whether the reserve is whole.
   * Raises `BlobsUnavailable`.
   */
  restore(): Promise<boolean>
}

const PIECE = 1024 * 1024

/**
 * Makes a reserve of `bytes` in the file `reserve` of the data folder: blocks that are really taken, so that a full disk
 * still has them to give. On a full disk what is made is empty, and `restore` fills it later. All threads and processes
 * that name the same folder share one reserve.
 *
 * It is filled with random bytes, since a file system that compresses would keep no room for zeros.
 * Raises `BlobsUnavailable` where the file cannot be opened.
 */
export function createReserve({ folder, bytes }: { folder: string; bytes: number }): Reserve {
  const path = join(folder, 'reserve')
  withFile((fd) => {
    const size = fstatSync(fd).size
    if (size > bytes) ftruncateSync(fd, bytes)
    try {
      for (let at = size; at < bytes; ) at += writeSync(fd, randomBytes(Math.min(PIECE, bytes - at)), 0, null, at)
    } catch (error) {
      if (!isNoRoom(error)) throw error
      ftruncateSync(fd, 0)
    }
    fsyncSync(fd)
  })

  /** Runs with the file open; its faults become those of the port. */
  function withFile<T>(body: (fd: number) => T): T {
    let fd: number | undefined
    try {
      fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
      return body(fd)
    } catch (error) {
      throw diskFault(error)
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }

  return {
    release: () =>
      withFile((fd) => {
        if (fstatSync(fd).size === 0) return false
        ftruncateSync(fd, 0)
        fsyncSync(fd)
        return true
      }),

    async restore() {
      try {
        const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
        try {
          const { size } = await file.stat()
          if (size >= bytes) return true
          const { bavail, bsize } = await statfs(folder)
          if (bavail * bsize < 2 * bytes) return false
          try {
            for (let at = size; at < bytes; ) {
              at += (await file.write(randomBytes(Math.min(PIECE, bytes - at)), 0, null, at)).bytesWritten
            }
            await file.sync()
            return true
          } catch (error) {
            if (!isNoRoom(error)) throw error
            await file.truncate(0)
            return false
          }
        } finally {
          await file.close()
        }
      } catch (error) {
        throw diskFault(error)
      }
    },
  }
}
