import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { Failure, run } from './process.mjs'

/** The folders of a package that are built, where it has them. */
const SOURCES = ['src', 'conformance']

/** The file in each `dist/` that says what it was built from. */
const STAMP = '.built'

/**
 * Compiles every package into its `dist/` where the sources are others than those it was built from: JavaScript,
 * declarations and maps by TypeScript, other files as they are. What no source stands behind any more is removed.
 *
 * @param {{ root: string, node: string, env: NodeJS.ProcessEnv, say: (line: string) => void }} parts
 */
export async function build({ root, node, env, say }) {
  const packages = packageFolders(root)
  const print = fingerprint(root, packages)
  const stamps = packages.map((folder) => join(folder, 'dist', STAMP))
  if (stamps.every((stamp) => existsSync(stamp) && readFileSync(stamp, 'utf8') === print)) return
  say(`Building ${packages.map((folder) => relative(root, folder)).join(', ')}`)
  for (const stamp of stamps) rmSync(stamp, { force: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { code, output } = await run(node, [compiler, '-b', 'tsconfig.build.json'], { env, cwd: root, quiet: true })
  if (code !== 0) throw new Failure('The sources do not compile: correct the errors above and try again.', { output })
  for (const folder of packages) tidy(folder)
  for (const stamp of stamps) writeFileSync(stamp, print)
}

/**
 * The folders of the workspaces that are built.
 *
 * @param {string} root
 */
export function packageFolders(root) {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return /** @type {string[]} */ (workspaces)
    .map((workspace) => join(root, workspace))
    .filter((folder) => existsSync(join(folder, 'tsconfig.build.json')))
}

/**
 * Copies what is no TypeScript into `dist/`, and removes from there what has no source.
 *
 * @param {string} folder of a package
 */
export function tidy(folder) {
  const dist = join(folder, 'dist')
  const { compilerOptions } = JSON.parse(readFileSync(join(folder, 'tsconfig.build.json'), 'utf8'))
  const base = join(folder, compilerOptions.rootDir)
  const expected = new Set([STAMP, '.tsbuildinfo'])
  for (const file of sourcesOf(folder)) {
    const target = relative(base, file)
    if (file.endsWith('.ts')) {
      const stem = target.slice(0, -'.ts'.length)
      for (const ending of ['.js', '.js.map', '.d.ts', '.d.ts.map']) expected.add(stem + ending)
    } else {
      expected.add(target)
      mkdirSync(dirname(join(dist, target)), { recursive: true })
      copyFileSync(file, join(dist, target))
    }
  }
  for (const file of filesBelow(dist)) if (!expected.has(relative(dist, file))) rmSync(file)
}

/** @param {string} root @param {readonly string[]} packages */
function fingerprint(root, packages) {
  const hash = createHash('sha256')
  const shared = ['package-lock.json', 'tsconfig.base.json', 'tsconfig.build.json'].map((name) => join(root, name))
  const own = packages.flatMap((folder) => [
    ...readdirSync(folder)
      .filter((name) => name === 'package.json' || name.startsWith('tsconfig'))
      .map((name) => join(folder, name)),
    ...sourcesOf(folder),
  ])
  for (const file of [...shared, ...own].sort()) {
    const content = readFileSync(file)
    hash.update(`${relative(root, file).split(sep).join('/')}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

/**
 * What is built or copied: neither tests nor notes.
 *
 * @param {string} folder of a package
 */
function sourcesOf(folder) {
  return SOURCES.flatMap((name) => filesBelow(join(folder, name))).filter(
    (file) => !/\.test\.[cm]?[jt]s$|\.md$/.test(file),
  )
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}
