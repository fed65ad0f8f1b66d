import { STATUS_CODES } from 'node:http'

/** The head of an answer: `first` is what many answers have in common, `rest` what is behind it. */
export type PrintedHead = { readonly first: Buffer; readonly rest: string }

/** Writes the head of an answer. `last` says that the connection ends with it. */
export type HeadPrinter = (
  status: number,
  shared: readonly string[],
  own: readonly string[],
  last: boolean,
) => PrintedHead

/**
 * Creates a printer of heads (RFC 9112, sections 4 and 5). Headers that many answers share are written down once, for as long as their array
 * lives. `idleSeconds` is told to clients that may send another request.
 *
 * Throws a TypeError for a header that could end its line, as Node does: nothing a client said may become a header of its own.
 */
export function createHeadPrinter(idleSeconds: number): HeadPrinter {
  const known = new WeakMap<readonly string[], Map<number, Buffer>>()
  const kept = `Connection: keep-alive\r\nKeep-Alive: timeout=${idleSeconds}\r\n\r\n`
  const names = new Set<string>()
  let second = 0
  let dated = ''

  function isName(name: string): boolean {
    if (names.has(name)) return true
    if (!NAME.test(name)) return false
    if (names.size < MOST_NAMES) names.add(name)
    return true
  }

  function fields(headers: readonly string[]): string {
    let text = ''
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? ''
      const value = headers[i + 1] ?? ''
      if (!isName(name) || !VALUE.test(value)) {
        throw new TypeError(`the header ${JSON.stringify(name)} cannot be sent`)
      }
      text += `${name}: ${value}\r\n`
    }
    return text
  }

  function firstPart(status: number, headers: readonly string[]): Buffer {
    const byStatus = known.get(headers) ?? new Map<number, Buffer>()
    const before = byStatus.get(status)
    if (before !== undefined) return before
    const text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${fields(headers)}`
    const first = Buffer.from(text, 'latin1')
    known.set(headers, byStatus.set(status, first))
    return first
  }

  return (status, shared, own, last) => {
    const now = Math.floor(Date.now() / 1000)
    if (now !== second) {
      second = now
      dated = `Date: ${new Date(now * 1000).toUTCString()}\r\n`
    }
    const rest = fields(own) + dated + (last ? 'Connection: close\r\n\r\n' : kept)
    return { first: firstPart(status, shared), rest }
  }
}

/** Field names (RFC 9110, section 5.1) and values as Node lets them pass. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Names come out of the code and are few. */
const MOST_NAMES = 100
