/** The oldest Node that Gatehouse runs on. */
export const OLDEST_NODE = '22.13.0'

/** One sentence where this version of Node is too old, else null. MUST run on any Node, however old. */
export function nodeRefusal(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return null
  return `Gatehouse needs Node ${oldestMajor}.${oldestMinor} or newer and this is ${version}; install Node 24 and try again.`
}
