import { edgesOf } from './imports.ts'
import { isSource, type Rule } from './tree.ts'

/** No file imports itself in a round about way, types included. */
export const cycles: Rule = {
  name: 'cycles',
  says: 'no import cycle anywhere',
  find: (tree) => {
    const next = new Map<string, Set<string>>()
    for (const { from, to } of edgesOf(tree, isSource)) {
      if (to.kind !== 'file' || !tree.has(to.path)) continue
      next.set(from, (next.get(from) ?? new Set()).add(to.path))
    }
    return cyclesIn(next).map((cycle) => ({
      where: cycle[0] ?? '',
      wrong: `imports itself: ${[...cycle, cycle[0]].join(' → ')}`,
      cure: 'move what both ends need into a file of its own, below both',
    }))
  },
}

/** One cycle for each way back that a depth-first walk meets. */
function cyclesIn(next: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const done = new Set<string>()
  const path: string[] = []
  const found: string[][] = []
  const walk = (file: string) => {
    const met = path.indexOf(file)
    if (met >= 0) found.push(path.slice(met))
    if (met >= 0 || done.has(file)) return
    path.push(file)
    for (const other of next.get(file) ?? []) walk(other)
    path.pop()
    done.add(file)
  }
  for (const file of next.keys()) walk(file)
  return found
}
