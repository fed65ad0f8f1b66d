/**
 * Fetches CometChat's official JavaScript SDK for the journey tests: `node --conditions=gatehouse-source script/cometchat-sdk.ts`.
 *
 * Its licence is proprietary (CometChat's terms of service). So it is fetched from npm by whoever runs those tests, into a
 * folder that git ignores, and nowhere else: it is no dependency, stands in no lock file, and is never shipped.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The versions that the journey is made with: the one with upload URLs, and the one with media tokens in a header. */
export const COMETCHAT_SDK_VERSIONS = ['4.2.0', '4.1.7'] as const

/** A version of the SDK. */
export type CometChatSdkVersion = (typeof COMETCHAT_SDK_VERSIONS)[number]

const PACKAGE = '@cometchat/chat-sdk-javascript'

const ROOT = join(import.meta.dirname, '..')

/** The file to load for a version; it is there after {@link provideCometChatSdk} has answered null. */
export function cometChatSdkFile(version: CometChatSdkVersion): string {
  return join(folderOf(version), 'node_modules', PACKAGE, 'CometChat.js')
}

/** Fetches what is not there yet. Answers null where all versions are there, otherwise what is missing, and why. */
export function provideCometChatSdk(say: (line: string) => void): string | null {
  for (const version of COMETCHAT_SDK_VERSIONS) {
    if (isThere(folderOf(version), version)) continue
    say(`fetching ${PACKAGE}@${version} from npm into .tools/ (for the journey tests only; its licence is CometChat's)`)
    const trouble = fetchVersion(version)
    if (trouble !== null) return `${PACKAGE}@${version} cannot be had from npm: ${trouble}`
  }
  return null
}

const folderOf = (version: string) => join(ROOT, '.tools', `cometchat-sdk-${version}`)

/** Whether a folder holds exactly that version. */
function isThere(folder: string, version: string): boolean {
  const manifest = join(folder, 'node_modules', PACKAGE, 'package.json')
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version
}

function fetchVersion(version: string): string | null {
  const home = folderOf(version)
  const draft = `${home}.${process.pid}.partial`
  mkdirSync(draft, { recursive: true })
  try {
    // A manifest of its own keeps npm from taking the surrounding workspace for the project.
    writeFileSync(join(draft, 'package.json'), '{ "private": true }\n')
    const words = ['install', '--prefix', draft, '--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit']
    const patience = ['--no-fund', '--fetch-retries=1', '--fetch-timeout=30000']
    const { status, stderr, error } = npm([...words, ...patience, `${PACKAGE}@${version}`], draft)
    if (status !== 0) return error?.message ?? /npm (?:error|ERR!) .*/.exec(stderr)?.[0] ?? `npm ended with ${status}`
    if (!isThere(draft, version)) return 'npm brought something else'
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

if (import.meta.main) {
  const trouble = provideCometChatSdk((line) => console.log(line))
  console.log(trouble ?? `there: ${COMETCHAT_SDK_VERSIONS.map(cometChatSdkFile).join(', ')}`)
  process.exitCode = trouble === null ? 0 : 1
}
