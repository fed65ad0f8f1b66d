import { type Finding, isSource, type Rule } from './tree.ts'

const EXPORT =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(function\*?|const|let|class|type|interface)\s+([\w$]+)/
const DEFAULT = /^export\s+default\b/

/** Every export says what it is. */
export const exportsTold: Rule = {
  name: 'exports',
  says: 'every export has a docstring, and none is a default',
  find: (tree) =>
    [...tree].flatMap(([path, text]) => (isSource(path) && !path.endsWith('.test.ts') ? findIn(path, text) : [])),
}

function findIn(path: string, text: string): Finding[] {
  const lines = text.split('\n')
  const told = new Set<string>()
  return lines.flatMap((line, index) => {
    const where = `${path}:${index + 1}`
    if (DEFAULT.test(line) && !/\.config\.ts$/.test(path)) {
      return [{ where, wrong: 'a default export', cure: 'give it a name, so that it is called the same everywhere' }]
    }
    const name = EXPORT.exec(line)?.[2]
    if (name === undefined) return []
    // The further signatures of an overloaded function are told with the first.
    if (told.has(name) || hasDocstring(lines, index)) {
      told.add(name)
      return []
    }
    return [{ where, wrong: `${name} has no docstring`, cure: 'say above it in one sentence what it is (/** … */)' }]
  })
}

/** Whether the lines above, remarks to other programs apart, end a `/** … *\/` comment that says something. */
function hasDocstring(lines: readonly string[], index: number): boolean {
  let end = index
  while (lines[end - 1]?.startsWith('// biome-ignore')) end -= 1
  if (!lines[end - 1]?.trimEnd().endsWith('*/')) return false
  let start = end - 1
  while (start > 0 && !lines[start]?.trimStart().startsWith('/*')) start -= 1
  const comment = lines.slice(start, end).join(' ')
  return /^\s*\/\*\*/.test(comment) && /\w{2,}/.test(comment)
}
