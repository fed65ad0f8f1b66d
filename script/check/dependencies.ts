import { edgesOf } from './imports.ts'
import { type Finding, isSource, isTest, type Rule, type Tree } from './tree.ts'

type Manifest = {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const MANIFEST = /^(packages\/[^/]+\/)?package\.json$/

/** What is started, not imported, with the file that configures it. */
const PROGRAMS: Readonly<Record<string, string>> = { '@biomejs/biome': 'biome.json', typescript: 'tsconfig.json' }

/** Every dependency has a reason, a user, and is named by the package that uses it. */
export const dependencies: Rule = {
  name: 'dependencies',
  says: 'every dependency has a written reason in decisions/, is used, and is declared where it is used',
  find: (tree) => {
    const reasons = [...tree]
      .filter(([path]) => path.startsWith('decisions/'))
      .map(([, text]) => text)
      .join('\n')
    return [...tree.keys()].filter((path) => MANIFEST.test(path)).flatMap((path) => findIn(tree, path, reasons))
  },
}

function findIn(tree: Tree, path: string, reasons: string): Finding[] {
  const manifest = JSON.parse(tree.get(path) ?? '{}') as Manifest
  const folder = path.slice(0, -'package.json'.length)
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies })
  const used = usedIn(tree, folder)
  const findings: Finding[] = []
  for (const name of declared) {
    if (!name.startsWith('@gatehouse/') && !reasons.includes(`\`${name}\``)) {
      findings.push({
        where: path,
        wrong: `${name} has no written reason`,
        cure: 'add a row with its reason and the way out to decisions/0001-dependencies.md, or do without it',
      })
    }
    if (!isUsed(name, used, tree)) {
      findings.push({ where: path, wrong: `${name} is not used`, cure: `npm uninstall ${name}` })
    }
  }
  for (const [name, { from, test }] of used) {
    if (declared.includes(name) || (test && isDeclared(tree, name))) continue
    findings.push({
      where: from,
      wrong: `${name} is not declared in ${path}`,
      cure: 'declare it there, or do without it',
    })
  }
  return findings
}

/**
 * The packages that a folder's sources import, each with one file that does; `test` where only tests do. The root's are those
 * of its own folders and of every package's tests, which share the root's tools.
 */
function usedIn(tree: Tree, folder: string): Map<string, { from: string; test: boolean }> {
  const used = new Map<string, { from: string; test: boolean }>()
  const mine = (path: string) => isSource(path) && path.startsWith(folder) && (folder !== '' || isTest(path))
  for (const { from, to, specifier } of edgesOf(tree, mine)) {
    const workspace = /^@gatehouse\/[^/]+/.exec(specifier)?.[0]
    const name = workspace ?? (to.kind === 'package' ? to.name : undefined)
    if (name === undefined || (workspace !== undefined && `packages/${workspace.slice(11)}/` === folder)) continue
    if (workspace !== undefined && folder === '') continue
    const before = used.get(name)
    if (before === undefined || before.test) used.set(name, { from, test: isTest(from) })
  }
  return used
}

/** Types are used where what they describe is declared; programs, where their configuration lies. */
function isUsed(name: string, used: ReadonlyMap<string, unknown>, tree: Tree): boolean {
  const typed = /^@types\/(.+)$/.exec(name)?.[1]
  if (typed !== undefined) return typed === 'node' || isDeclared(tree, typed)
  const configuration = PROGRAMS[name]
  return used.has(name) || (configuration !== undefined && tree.has(configuration))
}

/** Whether any package.json declares it. */
function isDeclared(tree: Tree, name: string): boolean {
  return [...tree].some(([path, text]) => MANIFEST.test(path) && text.includes(`"${name}":`))
}
