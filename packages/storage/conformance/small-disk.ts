import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of a few megabytes, to be filled. */
export type SmallDisk = {
  readonly folder: string
  /** Unmounts and removes it. Every file on it has to be closed. */
  remove(): void
}

/**
 * Mounts a tmpfs of so many bytes, for tests of a full disk. Needs root on Linux; where mounting is impossible it raises an
 * error that says so, since a test that skips proves nothing.
 */
export function mountSmallDisk(bytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  } catch (error) {
    rmdirSync(folder)
    throw new Error('this test mounts a small tmpfs: run it on Linux as root (sudo npm test)', { cause: error })
  }
  return {
    folder,
    remove() {
      execFileSync('umount', [folder])
      rmdirSync(folder)
    },
  }
}
