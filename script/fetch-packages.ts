import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Exact versions of npm packages, by name. */
export type Versions = { readonly [name: string]: string }

/** A folder below `.tools/`, which git ignores. */
export function toolsFolder(name: string): string {
  return join(import.meta.dirname, '..', '.tools', name)
}

/** Whether a folder holds exactly these versions. */
export function holdsPackages(folder: string, versions: Versions): boolean {
  return Object.entries(versions).every(([name, version]) => {
    const manifest = join(folder, 'node_modules', name, 'package.json')
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version
  })
}

/**
 * Puts packages from npm into a folder of their own, all or nothing; no script of theirs is run, and no peer comes along unasked. Answers
 * null, or why they cannot be had.
 */
export function fetchPackages(home: string, versions: Versions): string | null {
  const draft = `${home}.${process.pid}.partial`
  mkdirSync(draft, { recursive: true })
  try {
    // A manifest of its own keeps npm from taking the surrounding workspace for the project.
    writeFileSync(join(draft, 'package.json'), '{ "private": true }\n')
    const words = ['install', '--prefix', draft, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit']
    const patience = ['--no-fund', '--legacy-peer-deps', '--fetch-retries=1', '--fetch-timeout=30000']
    const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
    const { status, stderr, error } = npm([...words, ...patience, ...wanted], draft)
    if (status !== 0) return error?.message ?? /npm (?:error|ERR!) .*/.exec(stderr)?.[0] ?? `npm ended with ${status}`
    if (!holdsPackages(draft, versions)) return 'npm brought something else'
    rmSync(home, { recursive: true, force: true })
    renameSync(draft, home)
    return null
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function npm(words: readonly string[], cwd: string) {
  const cli = process.env.npm_execpath
  const [program, first] = cli !== undefined && /\.[cm]?js$/.test(cli) ? [process.execPath, [cli]] : ['npm', []]
  return spawnSync(program, [...first, ...words], { cwd, encoding: 'utf8', timeout: 180_000 })
}
