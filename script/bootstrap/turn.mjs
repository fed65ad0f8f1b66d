import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** How often the one whose turn it is shows that it is alive, in milliseconds. */
const BEAT = 2_000

/** After how long without a sign of life a turn counts as abandoned, in milliseconds. */
const ABANDONED = 30_000

/**
 * Waits until no other process prepares this folder, then keeps the others waiting until the answered function is called.
 *
 * The turn is a file that holds the process id and comes into being whole (a hard link). One whose process is gone, or that
 * has shown no life for half a minute (a process id may have been given away again), is taken over.
 *
 * @param {string} path
 * @param {(pid: number) => void} onWait called once, where there is somebody to wait for
 * @returns {Promise<() => void>}
 */
export async function takeTurn(path, onWait) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = `${process.pid} ${randomUUID()}`
  const draft = `${path}.${mine.replace(' ', '.')}`
  writeFileSync(draft, mine)
  try {
    for (let told = false; !linked(draft, path); ) {
      const holder = read(path)
      if (holder === null) continue
      if (abandoned(path, holder)) removeAbandoned(path, holder, draft)
      else {
        if (!told) onWait(pidOf(holder))
        told = true
        await delay(100)
      }
    }
  } finally {
    rmSync(draft, { force: true })
  }
  const beat = setInterval(() => touch(path), BEAT)
  beat.unref()
  const release = () => {
    clearInterval(beat)
    process.removeListener('exit', release)
    if (read(path) === mine) rmSync(path, { force: true })
  }
  process.on('exit', release)
  return release
}

/** @param {string} path */
function touch(path) {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Somebody took the turn over while this process was stopped; there is nothing left to keep alive.
  }
}

/** @param {string} from @param {string} to */
function linked(from, to) {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** @param {string} holder */
const pidOf = (holder) => Number(holder.split(' ')[0])

/** @param {string} path @param {string} holder */
function abandoned(path, holder) {
  try {
    process.kill(pidOf(holder), 0)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH') return true
  }
  const seen = statSync(path, { throwIfNoEntry: false })
  return seen !== undefined && Date.now() - seen.mtimeMs > ABANDONED
}

/**
 * Moves the abandoned turn away. Another process may have taken it over since it was read: then what was moved is put back.
 *
 * @param {string} path @param {string} holder @param {string} draft
 */
function removeAbandoned(path, holder, draft) {
  const aside = `${draft}.aside`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (read(aside) !== holder) linked(aside, path)
  rmSync(aside, { force: true })
}
