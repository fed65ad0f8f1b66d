/** A table of what was measured, as text cells. */
export type Table = { readonly title: string; readonly columns: readonly string[]; readonly rows: readonly string[][] }

/** A goal beside what was measured. */
export type Goal = { readonly what: string; readonly goal: string; readonly measured: string; readonly met: boolean }

/** What a section found out. `notes` say what a reader has to know to take the figures for what they are. */
export type Findings = {
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
  readonly notes: readonly string[]
}

/** What every section is given. */
export type Bench = {
  /** How many alternating rounds, and how many seconds of load in each. */
  readonly rounds: number
  readonly seconds: number
  /** A folder for this section's files, removed afterwards. */
  readonly folder: string
  readonly gatehouse: Launch
  readonly say: (line: string) => void
}

/** How Gatehouse is started: arguments of Node, before those of the command. */
export type Launch = { readonly nodeArguments: readonly string[] }

/** One part of the benchmark, which can be run alone by its name. */
export type Section = {
  readonly name: string
  readonly title: string
  readonly run: (bench: Bench) => Promise<Findings>
}

/** A goal for a figure that has to be at least, or at most, so large. `shown` is how it is written. */
export function goal(
  what: string,
  measured: number,
  bound: { readonly least: number } | { readonly most: number },
  shown: (value: number) => string,
): Goal {
  const least = 'least' in bound
  const limit = least ? bound.least : bound.most
  return {
    what,
    goal: `${least ? '≥' : '≤'} ${shown(limit)}`,
    measured: shown(measured),
    met: least ? measured >= limit : measured <= limit,
  }
}
