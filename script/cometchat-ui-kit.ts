/**
 * Fetches CometChat's UI kit for React for its journey test, and what it takes to make a page of it:
 * `node --conditions=gatehouse-source script/cometchat-ui-kit.ts`. Its licence is as the SDK's: see `cometchat-sdk.ts`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fetchPackages, holdsPackages, toolsFolder } from './fetch-packages.ts'

/** The version that the journey is made with. */
export const COMETCHAT_UI_KIT_VERSION = '7.2.1'

const KIT = '@cometchat/chat-uikit-react'
const VERSIONS = {
  [KIT]: COMETCHAT_UI_KIT_VERSION,
  '@cometchat/chat-sdk-javascript': '4.2.0',
  react: '18.3.1',
  'react-dom': '18.3.1',
  esbuild: '0.28.2',
}
const HOME = toolsFolder(`cometchat-ui-kit-${COMETCHAT_UI_KIT_VERSION}`)

/** Fetches it where it is not there yet. Answers null where it is, otherwise what is missing, and why. */
export function provideCometChatUiKit(say: (line: string) => void): string | null {
  if (holdsPackages(HOME, VERSIONS)) return null
  say(
    `fetching ${KIT}@${COMETCHAT_UI_KIT_VERSION} from npm into .tools/ (for its journey test only; its licence is CometChat's)`,
  )
  const trouble = fetchPackages(HOME, VERSIONS)
  return trouble === null ? null : `${KIT}@${COMETCHAT_UI_KIT_VERSION} cannot be had from npm: ${trouble}`
}

/**
 * Makes `page.js` and `page.css` in a folder out of a module that may import the kit, the SDK and React; they are there after
 * {@link provideCometChatUiKit} has answered null. The SDK for calls, which the kit loads when it is there, is not. Raises where it fails.
 */
export function bundleCometChatUiKit(source: string, folder: string): void {
  const words = ['--bundle', '--format=iife', '--log-level=error', '--loader:.woff2=empty']
  const facts = ['--define:process.env.NODE_ENV="production"', '--external:@cometchat/calls-sdk-javascript']
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(HOME, 'node_modules/esbuild/bin/esbuild'), ...words, ...facts, `--outfile=${join(folder, 'page.js')}`],
    { cwd: HOME, input: source, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`esbuild ended with ${status}: ${stderr}`)
}

if (import.meta.main) {
  const trouble = provideCometChatUiKit((line) => console.log(line))
  console.log(trouble ?? `there: ${HOME}`)
  process.exitCode = trouble === null ? 0 : 1
}
