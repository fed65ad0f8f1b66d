import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The repository as the checks see it: the text of every file by its path from the root, with `/` between. */
export type Tree = ReadonlyMap<string, string>

/** One thing that is wrong: where, what, and how to put it right. */
export type Finding = { readonly where: string; readonly wrong: string; readonly cure: string }

/** A rule of the house: a name and a pure look at the tree. Nothing found means that it is kept. */
export type Rule = {
  readonly name: string
  /** The rule itself in one sentence. */
  readonly says: string
  readonly find: (tree: Tree) => readonly Finding[]
}

/** Reads everything that git tracks or would track. Files that are no text are there, and empty. */
export function readTree(root: string): Tree {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
  })
  const tree = new Map<string, string>()
  for (const path of list.split('\0')) {
    if (path === '') continue
    const text = textOf(join(root, path))
    if (text !== null) tree.set(path, text)
  }
  return tree
}

/** Null for what was deleted but not yet committed, and for links to folders. */
function textOf(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8')
    return text.includes('\0') ? '' : text
  } catch {
    return null
  }
}

/** Whether a path is TypeScript. */
export function isSource(path: string): boolean {
  return /\.tsx?$/.test(path)
}

/** Whether a path is a test, or lies where only tests use it. */
export function isTest(path: string): boolean {
  return /\.test\.[cm]?[jt]sx?$/.test(path) || /^(test|bench|script)\//.test(path) || /\/(test|vectors)\//.test(path)
}
