import { close, fstat, open, read } from 'node:fs'
import { promisify } from 'node:util'
import { errorCode } from './fault.ts'

const openFile = promisify(open)
const statFile = promisify(fstat)

/** An open file that several may read at once. */
export type Descriptor = {
  readonly size: number
  /** Reads at a place of the file; answers how many bytes came, 0 at its end. */
  read(buffer: Uint8Array, length: number, position: number): Promise<number>
  /** Gives it back. The file stays open for those who still read, and a while for those who come next. */
  release(): void
}

/** Open files by path, kept for the next reader, so that reading a file often costs neither open nor stat. */
export interface Descriptors {
  /** Opens a file for reading, or answers null where there is none. Raises the system's error. */
  take(path: string): Promise<Descriptor | null>
  /** Forgets a path whose file goes away; who reads it goes on reading. */
  forget(path: string): void
  /** Closes every file as soon as nobody reads it. */
  close(): void
}

type Entry = {
  readonly path: string
  readonly fd: number
  readonly size: number
  users: number
  kept: boolean
  usedAt: number
}

/**
 * Makes a cache of open files. At most `keep` files that nobody reads stay open, each for `idleMs` after its last use at
 * the most (so that the room of a file deleted by another process is given back soon).
 */
export function createDescriptors({ keep, idleMs }: { keep: number; idleMs: number }): Descriptors {
  const entries = new Map<string, Entry>()
  const idle = new Set<Entry>() // the one used last is last
  const opening = new Map<string, Promise<Entry | null>>()
  let closed = false
  const timer = setInterval(() => {
    const before = performance.now() - idleMs
    for (const entry of idle) {
      if (entry.usedAt > before) break
      drop(entry)
    }
  }, idleMs).unref()

  function drop(entry: Entry) {
    entry.kept = false
    idle.delete(entry)
    if (entries.get(entry.path) === entry) entries.delete(entry.path)
    if (entry.users === 0) close(entry.fd, () => {})
  }

  async function openEntry(path: string): Promise<Entry | null> {
    let fd: number
    try {
      fd = await openFile(path, 'r')
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null
      throw error
    }
    try {
      const { size } = await statFile(fd)
      return { path, fd, size, users: 0, kept: false, usedAt: 0 }
    } catch (error) {
      close(fd, () => {})
      throw error
    }
  }

  /** Counts a user in; the answer counts it out, once. */
  function use(entry: Entry): () => void {
    let used = true
    entry.users++
    idle.delete(entry)
    return () => {
      if (!used) return
      used = false
      if (--entry.users > 0) return
      if (!entry.kept) return close(entry.fd, () => {})
      entry.usedAt = performance.now()
      idle.add(entry)
      for (const oldest of idle) {
        if (idle.size <= keep) break
        drop(oldest)
      }
    }
  }

  function descriptorOf(entry: Entry): Descriptor {
    const release = use(entry)
    return {
      size: entry.size,
      read: (buffer, length, position) => {
        // A read under way keeps the file open: its number could belong to another file by the time the bytes arrive.
        const done = use(entry)
        return new Promise((resolve, reject) => {
          read(entry.fd, buffer, 0, length, position, (error, bytes) => {
            done()
            if (error) reject(error)
            else resolve(bytes)
          })
        })
      },
      release,
    }
  }

  return {
    async take(path) {
      const known = entries.get(path)
      if (known) return descriptorOf(known)
      const pending = opening.get(path)
      if (pending) {
        const entry = await pending
        return entry && (entry.users > 0 || entry.kept) ? descriptorOf(entry) : entry && this.take(path)
      }
      const opened = openEntry(path)
      opening.set(path, opened)
      try {
        const entry = await opened
        if (!entry) return null
        if (opening.get(path) === opened && !closed) {
          entry.kept = true
          entries.set(path, entry)
        }
        return descriptorOf(entry)
      } finally {
        if (opening.get(path) === opened) opening.delete(path)
      }
    },
    forget(path) {
      opening.delete(path)
      const entry = entries.get(path)
      if (entry) drop(entry)
    },
    close() {
      closed = true
      clearInterval(timer)
      opening.clear()
      for (const entry of [...entries.values()]) drop(entry)
    },
  }
}
