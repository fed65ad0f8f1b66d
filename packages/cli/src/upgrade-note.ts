import type { OnUpgrade } from '@gatehouse/server/open-storage'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'
import { note, type Terminal } from './terminal.ts'

/** Tells people of a database that is being changed for this version. */
export function tellUpgrade(terminal: Terminal): OnUpgrade {
  return (upgrade) => {
    if (upgrade.kind === 'begins') {
      const steps = upgrade.steps === 1 ? '1 step' : `${upgrade.steps} steps`
      note(
        terminal,
        `The database is changed for this version first, in ${steps}; that takes minutes where there are millions of messages.`,
      )
    } else if (upgrade.kind === 'step') {
      note(terminal, `  step ${upgrade.step} of ${upgrade.of}: ${upgrade.name}`)
    } else if (upgrade.made === 0) {
      note(terminal, `The database has been changed by another process, after ${durationText(upgrade.milliseconds)}.`)
    } else {
      note(terminal, `The database is up to date, after ${durationText(upgrade.milliseconds)}.`)
    }
  }
}

/** For commands beside the server: refuses a database that this version would have to change, since an older server may be at work on it. */
export const refuseUpgrade: OnUpgrade = () => {
  throw new Failure(EXIT.failed, 'database_outdated', 'The database is of an older version of Gatehouse.', {
    cure: 'Stop the older server and start `gatehouse serve` of this version; it brings the database up to date.',
  })
}

/** Milliseconds for people: `0.4 s`, `3 min 20 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
