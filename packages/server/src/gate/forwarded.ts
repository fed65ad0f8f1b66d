const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const QUOTED = '"((?:[\\t !#-\\[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*)"'
const PAIR = new RegExp(`[\\t ]*(?:(${TOKEN})=(?:(${TOKEN})|${QUOTED}))?[\\t ]*([,;]|$)`, 'y')

const PORT = '(?::(?:[0-9]{1,5}|_[0-9A-Za-z._-]+))?'
const NODE = new RegExp(`^(?:\\[([^\\]]+)\\]|([0-9.]+))${PORT}$`)

/**
 * Reads whom each proxy got the request from, the first proxy's answer first: addresses as text, without brackets and port, not yet
 * checked to be any; null where a proxy does not tell one (`unknown`, a name with an underscore, no `for`, or several). Null for the
 * whole header where it does not follow the grammar, since it is not told then where one proxy's words end. RFC 7239 sections 4 and 6.
 */
export function forwardedFor(header: string): readonly (string | null)[] | null {
  const hops: (string | null)[] = []
  const pair = new RegExp(PAIR)
  let nodes: string[] = []
  let empty = true
  for (;;) {
    const found = pair.exec(header)
    if (found === null) return null
    const [, name, token, quoted = '', end] = found
    if (name !== undefined) {
      empty = false
      if (name.toLowerCase() === 'for') nodes.push(token ?? quoted.replaceAll(/\\(.)/g, '$1'))
    }
    if (end === ';') continue
    // Empty elements of a list mean nothing (RFC 9110 section 5.6.1.2).
    if (!empty) hops.push(nodes.length === 1 ? addressIn(nodes[0] ?? '') : null)
    if (end === '') return hops
    nodes = []
    empty = true
  }
}

function addressIn(node: string): string | null {
  const [, six, four] = NODE.exec(node) ?? []
  return six ?? four ?? null
}
