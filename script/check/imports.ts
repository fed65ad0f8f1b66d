import { posix } from 'node:path'
import type { Tree } from './tree.ts'

/** One import or re-export, or a module named by `import()`. */
export type Import = {
  readonly specifier: string
  /** The names taken, as the other module calls them; empty where everything or nothing is taken. */
  readonly names: readonly string[]
  /** Counted from 1. */
  readonly line: number
}

const STATEMENT = /^(?:import|export)\s+(?:type\s+)?([\w$*{}\s,]+?)\s+from\s+'([^'\n]+)'/gm
const BARE = /^import\s+'([^'\n]+)'/gm
const CALLED = /\bimport\(\s*'([^'\n]+)'\s*\)/g

/**
 * The imports of a source as Biome formats it: statements begin their line and names of modules stand in single quotes, which
 * is all that has to be known here.
 */
export function importsOf(text: string): readonly Import[] {
  const lineOf = (index: number) => text.slice(0, index).split('\n').length
  const found: Import[] = []
  for (const match of text.matchAll(STATEMENT)) {
    const braces = /\{([^}]*)\}/.exec(match[1] ?? '')?.[1] ?? ''
    const names = braces
      .split(',')
      .map((name) =>
        name
          .trim()
          .replace(/^type\s+/, '')
          .replace(/\s+as\s+.*$/, ''),
      )
      .filter((name) => name !== '')
    found.push({ specifier: match[2] ?? '', names, line: lineOf(match.index) })
  }
  for (const pattern of [BARE, CALLED]) {
    for (const match of text.matchAll(pattern)) {
      found.push({ specifier: match[1] ?? '', names: [], line: lineOf(match.index) })
    }
  }
  return found
}

/** Where an import leads: to a file of this repository, to one of Node's own modules, or to a package. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'package'; readonly name: string }

/** Follows a specifier from the file that holds it. Files need not exist. */
export function targetOf(from: string, specifier: string): Target {
  if (specifier.startsWith('.')) return { kind: 'file', path: posix.join(posix.dirname(from), specifier) }
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier }
  const [scope = '', name = '', ...rest] = specifier.split('/')
  if (scope === '@gatehouse') {
    const inside = rest[0] === 'conformance' ? rest : ['src', ...rest]
    return { kind: 'file', path: `packages/${name}/${inside.join('/')}.ts` }
  }
  return { kind: 'package', name: scope.startsWith('@') ? `${scope}/${name}` : scope }
}

/** One import with the file that holds it and where it leads. */
export type Edge = Import & { readonly from: string; readonly to: Target }

/** Every import of the files that `include` names. */
export function edgesOf(tree: Tree, include: (path: string) => boolean): readonly Edge[] {
  return [...tree].flatMap(([from, text]) =>
    include(from) ? importsOf(text).map((found) => ({ ...found, from, to: targetOf(from, found.specifier) })) : [],
  )
}
