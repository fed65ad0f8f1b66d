import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'

/** Answers every address of a name. Rejects where it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>

/** One question to one server, in milliseconds, and how often it is asked. */
const PATIENCE = { timeout: 2000, tries: 2 }

/** The names that this machine gives addresses itself (hosts(5)). */
const HOSTS = '/etc/hosts'

/**
 * Creates a resolver of names: what this machine says itself comes first, then DNS. Names of `localhost` are always this machine (RFC 6761,
 * section 6.3).
 *
 * The system's own function is not used: it holds one of a few threads until it has an answer, so that a few names whose servers are silent
 * would keep everybody else's waiting. `servers` are those of the system where they are left out.
 */
export function createResolver({
  servers,
  hosts = HOSTS,
}: {
  readonly servers?: readonly string[]
  readonly hosts?: string
} = {}): Resolve {
  return async (given) => {
    const name = given.toLowerCase().replace(/\.$/, '')
    if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1']
    const own = addressesIn(await readFile(hosts, 'utf8').catch(() => ''), name)
    if (own.length > 0) return own
    const resolver = new Resolver(PATIENCE)
    if (servers !== undefined) resolver.setServers(servers)
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    // A name with addresses of one family only is the rule.
    if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason
    return [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }
}

function addressesIn(hosts: string, name: string): readonly string[] {
  return hosts.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return address !== undefined && names.some((each) => each.toLowerCase() === name) ? [address] : []
  })
}
