import type { Database } from '../database.ts'
import { type Migration, migrate, missing, stepsDone } from './run.ts'

/** What is told of a database that a newer version changes, in this order; nothing of one that is new, or up to date. */
export type Upgrade =
  | { readonly kind: 'begins'; readonly steps: number }
  /** Step `step` of `of` begins. It may take minutes. */
  | { readonly kind: 'step'; readonly step: number; readonly of: number; readonly name: string }
  /** How many steps were made here (those that are missing were made by another process), and how long everything took. */
  | { readonly kind: 'done'; readonly made: number; readonly milliseconds: number }

/** One database with the areas of its schema, in the order in which they are changed. */
export type Upgradable<T> = { readonly database: Database<T>; readonly areas: readonly (readonly Migration[])[] }

/**
 * Brings the records and the access log up to date, wherever they are, and tells of it. What `onUpgrade` raises is raised; where it raises
 * at `begins`, nothing is changed.
 */
export async function upgrade<R, V>(
  records: Upgradable<R>,
  log: Upgradable<V>,
  onUpgrade: (upgrade: Upgrade) => void,
): Promise<void> {
  const [ofRecords, ofLog] = [await toCome(records), await toCome(log)]
  const steps = [...ofRecords.told, ...ofLog.told]
  const began = performance.now()
  if (steps.length > 0) onUpgrade({ kind: 'begins', steps: steps.length })
  let made = 0
  const onStep = (name: string) => {
    const step = steps.indexOf(name) + 1
    if (step === 0) return
    made++
    onUpgrade({ kind: 'step', step, of: steps.length, name })
  }
  for (const area of ofRecords.areas) await migrate(records.database, area, Date.now(), onStep)
  for (const area of ofLog.areas) await migrate(log.database, area, Date.now(), onStep)
  if (steps.length > 0) onUpgrade({ kind: 'done', made, milliseconds: performance.now() - began })
}

/** The areas in which a database lacks steps, and the names of those steps, to be told of one that is not new. */
async function toCome<T>({ database, areas }: Upgradable<T>) {
  const done = await stepsDone(database)
  const lacking = areas.filter((area) => missing(done, area).length > 0)
  const names = lacking.flatMap((area) => missing(done, area).map(({ name }) => name))
  return { areas: lacking, told: done.size === 0 ? [] : names }
}
