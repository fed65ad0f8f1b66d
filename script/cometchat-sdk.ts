/**
 * Fetches CometChat's official JavaScript SDK for the journey tests: `node --conditions=gatehouse-source script/cometchat-sdk.ts`.
 *
 * Its licence is proprietary (CometChat's terms of service). So it is fetched from npm by whoever runs those tests, into a
 * folder that git ignores, and nowhere else: it is no dependency, stands in no lock file, and is never shipped.
 */
import { join } from 'node:path'
import { fetchPackages, holdsPackages, toolsFolder } from './fetch-packages.ts'

/** The versions that the journey is made with: the one with upload URLs, and the one with media tokens in a header. */
export const COMETCHAT_SDK_VERSIONS = ['4.2.0', '4.1.7'] as const

/** A version of the SDK. */
export type CometChatSdkVersion = (typeof COMETCHAT_SDK_VERSIONS)[number]

const PACKAGE = '@cometchat/chat-sdk-javascript'

/** The file to load for a version; it is there after {@link provideCometChatSdk} has answered null. */
export function cometChatSdkFile(version: CometChatSdkVersion): string {
  return join(folderOf(version), 'node_modules', PACKAGE, 'CometChat.js')
}

/** Fetches what is not there yet. Answers null where all versions are there, otherwise what is missing, and why. */
export function provideCometChatSdk(say: (line: string) => void): string | null {
  for (const version of COMETCHAT_SDK_VERSIONS) {
    if (holdsPackages(folderOf(version), { [PACKAGE]: version })) continue
    say(`fetching ${PACKAGE}@${version} from npm into .tools/ (for the journey tests only; its licence is CometChat's)`)
    const trouble = fetchPackages(folderOf(version), { [PACKAGE]: version })
    if (trouble !== null) return `${PACKAGE}@${version} cannot be had from npm: ${trouble}`
  }
  return null
}

const folderOf = (version: string) => toolsFolder(`cometchat-sdk-${version}`)

if (import.meta.main) {
  const trouble = provideCometChatSdk((line) => console.log(line))
  console.log(trouble ?? `there: ${COMETCHAT_SDK_VERSIONS.map(cometChatSdkFile).join(', ')}`)
  process.exitCode = trouble === null ? 0 : 1
}
