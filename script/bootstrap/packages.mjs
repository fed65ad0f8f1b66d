import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './node.mjs'
import { Failure } from './process.mjs'

/** @typedef {Record<string, { version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean, peer?: boolean }>} Installed */

/**
 * What is missing from `node_modules`, as the first difference in words; null where it matches the lock.
 *
 * npm keeps `node_modules/.package-lock.json`, written last and removed first, so it is there exactly when an installation was
 * completed. Optional packages may be absent: most of them are for other platforms.
 *
 * @param {Installed} wanted the `packages` of package-lock.json
 * @param {Installed | null} present the `packages` of node_modules/.package-lock.json
 * @returns {string | null}
 */
export function difference(wanted, present) {
  if (present === null) return 'nothing is installed yet'
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes('node_modules/')) continue
    const has = present[path]
    if (has === undefined) {
      if (entry.optional || entry.devOptional) continue
      return `${path} is missing`
    }
    if (has.version !== entry.version || has.integrity !== entry.integrity || has.link !== entry.link) {
      return `${path} is another version`
    }
  }
  return null
}

/**
 * Installs the packages of the lock where `node_modules` does not hold exactly them. No package's own install script is run: what
 * is native comes prebuilt.
 *
 * @param {{ root: string, node: string, env: NodeJS.ProcessEnv, say: (line: string) => void }} parts
 */
export async function installPackages({ root, node, env, say }) {
  const wanted = readPackages(join(root, 'package-lock.json'))
  if (wanted === null) {
    throw new Failure('package-lock.json is missing or damaged: get it back with `git checkout package-lock.json`.')
  }
  const differs = difference(wanted, readPackages(join(root, 'node_modules', '.package-lock.json')))
  if (differs === null) return
  say(`Installing packages (${differs})`)
  const { code, output } = await npm(node, ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'], {
    env,
    cwd: root,
  })
  if (code !== 0) {
    throw new Failure('npm could not install the packages: see above, check that `npm ping` works, and try again.', {
      output,
    })
  }
}

/** @param {string} file @returns {Installed | null} */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null
  } catch {
    return null
  }
}
