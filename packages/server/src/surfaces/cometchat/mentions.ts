import { isRefused } from './addresses.ts'

/** Whom a text mentions, each once, in its order: clients write `<@uid:ann>` where people read Ann's name. */
export function mentionedIn(text: string | null): readonly string[] {
  if (text === null || !text.includes(MARK)) return []
  const found = new Set<string>()
  for (const [, uid = ''] of text.matchAll(MENTION)) {
    if (!isRefused(uid)) found.add(uid)
    if (found.size === MOST) break
  }
  return [...found]
}

const MARK = '<@uid:'
const MENTION = /<@uid:([^<>\s]{1,256})>/g
/** So many are looked up for one message: a text has room for thousands. */
const MOST = 25
