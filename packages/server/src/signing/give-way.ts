import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Lets the calling thread stand behind others that want the same processor, by as many steps of `nice`. Linux schedules threads by
 * themselves; elsewhere the priority of a thread cannot be told, and stays.
 */
export function giveWay(steps: number): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), steps)
  } catch {
    // The work is done all the same.
  }
}
