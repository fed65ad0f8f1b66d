import { readlinkSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** The last place there is. */
const LAST = 19

/**
 * Lets the calling thread stand behind others that want the same processor, by as many steps of `nice`. Linux schedules threads by
 * themselves; elsewhere the priority of a thread cannot be told, and stays.
 */
export function giveWay(steps: number): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    if (steps > 0) setPriority(thread, Math.min(getPriority(thread) + steps, LAST))
  } catch {
    // The work is done all the same.
  }
}
