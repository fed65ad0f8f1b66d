import { randomInt } from 'node:crypto'

/**
 * The revision of a row, drawn whenever the row is written: whoever has read it at one revision knows it for as long as it has that one.
 * It is drawn at random rather than counted, so that it holds across what takes writes back, too: a database that fails over to a copy
 * which lacks the last of them gives out the same serials again, for other things.
 */
export function newRevision(): number {
  return randomInt(1, 2 ** 48 - 1)
}
