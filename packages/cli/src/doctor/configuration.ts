import { BlockList, isIP } from 'node:net'
import type { Config } from '@gatehouse/server/config'
import { error, type Finding, hint, warning } from './finding.ts'

/** What a machine is like, as far as settings depend on it. */
export type Machine = { readonly cores: number; readonly memoryBytes: number }

/** What is insecure or odd in the settings alone. Pure. */
export function configurationFindings(config: Config, machine: Machine): readonly Finding[] {
  return [
    ...addressFindings(config),
    ...proxyFindings(config),
    ...secretFindings(config),
    ...remoteFindings(config),
    ...sizeFindings(config, machine),
  ]
}

/** Whether others than this machine are meant to reach the server. */
export function isPublic(config: Config): boolean {
  return !isLoopback(config.host) || !isLoopback(hostOf(config.publicUrl))
}

function addressFindings(config: Config): Finding[] {
  const findings: Finding[] = []
  for (const [name, url] of [
    ['public', config.publicUrl],
    ['media', config.mediaUrl],
  ] as const) {
    if (url.startsWith('http:') && !isLoopback(hostOf(url)) && (name === 'public' || url !== config.publicUrl)) {
      const sentence = `The ${name} URL ${url} is not encrypted: everybody on the way can read links, tokens and media.`
      findings.push(
        error(`${name}_url_plain`, sentence, `Put a proxy with TLS in front and set --${name}-url to https://….`),
      )
    }
  }
  if (!isLoopback(config.host) && isLoopback(hostOf(config.publicUrl))) {
    const sentence = `The server listens on ${config.host}, but the URLs that it hands out lead to ${config.publicUrl}.`
    findings.push(warning('public_url_missing', sentence, 'Set --public-url to the URL that viewers use.'))
  }
  if (config.allowLoopback) {
    const sentence =
      'Outgoing requests may reach loopback addresses: a webhook or a fetched URL can talk to this machine.'
    const cure = 'Leave --allow-loopback out wherever it is not for development.'
    findings.push(
      isPublic(config) ? error('loopback_allowed', sentence, cure) : hint('loopback_allowed', sentence, cure),
    )
  }
  if (config.demo && isPublic(config)) {
    const sentence = 'The demonstration app is on, whose page lets everybody in, and others can reach this server.'
    findings.push(error('demo_public', sentence, 'Leave --demo out, and delete the app `demo`.'))
  }
  return findings
}

function proxyFindings({ host, publicUrl, trustedProxies, maxConnectionsPerAddress }: Config): Finding[] {
  const wide = trustedProxies.filter((range) => {
    const [address = '', length] = range.split('/')
    return length !== undefined && Number(length) < (isIP(address) === 4 ? 8 : 16)
  })
  const findings = wide.map((range) => {
    const sentence = `The trusted proxies hold ${range}: nearly everybody can pretend to come from any address.`
    return error('proxies_too_wide', sentence, 'List only the addresses of your proxies in --trusted-proxies.')
  })
  const behindProxy = publicUrl.startsWith('https:') || (isLoopback(host) && !isLoopback(hostOf(publicUrl)))
  if (behindProxy && trustedProxies.length === 0) {
    const limit = maxConnectionsPerAddress > 0 ? ' and share one limit on connections' : ''
    const sentence = `A proxy stands in front and is not trusted: all viewers seem to come from its address${limit}.`
    findings.push(warning('proxy_not_trusted', sentence, 'Set --trusted-proxies to the address of the proxy.'))
  }
  if (!isLoopback(host) && publicUrl.startsWith('https:')) {
    const sentence = `The server listens on ${host} without TLS, so that the proxy can be gone around.`
    const cure = 'Bind it to 127.0.0.1 or to a private network, or let a firewall pass the proxy alone.'
    findings.push(hint('proxy_avoidable', sentence, cure))
  }
  return findings
}

function secretFindings({ masterKey, adminKey, databaseUrl, data }: Config): Finding[] {
  const findings: Finding[] = []
  if (masterKey === null && databaseUrl !== null) {
    const sentence =
      'The master key lies in the data folder while the database is elsewhere: a second node makes another one.'
    findings.push(
      error('master_key_per_node', sentence, 'Set GATEHOUSE_MASTER_KEY_FILE to the same key on every node.'),
    )
  } else if (masterKey === null) {
    const sentence = `The master key lies in the data folder (${data}): whoever has a copy of the folder has all secrets.`
    const cure = 'Keep it elsewhere and name it with GATEHOUSE_MASTER_KEY_FILE; back it up either way.'
    findings.push(hint('master_key_beside_data', sentence, cure))
  } else if (looksWeak(masterKey)) {
    const sentence = 'The master key is not random.'
    findings.push(error('master_key_weak', sentence, 'Make one with `openssl rand -hex 32` before there is data.'))
  }
  if (adminKey !== null && (looksWeak(adminKey.secret) || adminKey.secret.includes(adminKey.id.repeat(2)))) {
    const sentence = 'The secret of the admin key is not random, and the key may do everything.'
    findings.push(error('admin_key_weak', sentence, 'Make one with `openssl rand -hex 32`.'))
  }
  return findings
}

function remoteFindings({ databaseUrl, blobsUrl }: Config): Finding[] {
  const findings: Finding[] = []
  const database = databaseUrl === null ? null : URL.parse(databaseUrl)
  const mode = database?.searchParams.get('sslmode') ?? ''
  if (database != null && !isLoopback(database.hostname) && !/^(require|verify-ca|verify-full)$/.test(mode)) {
    const sentence = 'The connection to the database on another machine is not encrypted.'
    findings.push(warning('database_plain', sentence, 'Add ?sslmode=verify-full to GATEHOUSE_DATABASE_URL.'))
  }
  const endpoint = blobsUrl === null ? null : (URL.parse(blobsUrl)?.searchParams.get('endpoint') ?? null)
  if (endpoint?.startsWith('http:') && !isLoopback(hostOf(endpoint))) {
    const sentence = 'The connection to the file store on another machine is not encrypted.'
    findings.push(warning('blobs_plain', sentence, 'Use an https endpoint in GATEHOUSE_BLOBS_URL.'))
  }
  return findings
}

function sizeFindings(config: Config, { cores, memoryBytes }: Machine): Finding[] {
  const findings: Finding[] = []
  if (config.workers > cores) {
    const sentence = `${config.workers} workers share ${cores} cores, which costs more than it gives.`
    findings.push(warning('workers_above_cores', sentence, `Set --workers to ${cores} or less.`))
  }
  if (config.cacheBytes * config.workers > memoryBytes / 2) {
    const sentence = 'The caches of all workers together may take more than half of the memory.'
    findings.push(warning('cache_too_large', sentence, 'Set --cache-bytes lower.'))
  }
  if (config.smallFileBytes > config.cacheBytes) {
    const sentence = 'The largest small file does not fit into the memory for small files.'
    findings.push(warning('small_files_do_not_fit', sentence, 'Set --small-file-bytes below --cache-bytes.'))
  }
  if (config.reserveBytes === 0) {
    const sentence = 'No disk space is held back: on a full disk revocations may fail.'
    findings.push(warning('reserve_missing', sentence, 'Leave --reserve-bytes at its default.'))
  }
  return findings
}

/** Fewer different characters, or a shorter period, than random text of this length would ever have. */
function looksWeak(secret: string): boolean {
  const period = (secret + secret).indexOf(secret, 1)
  return new Set(secret).size < 8 || period < secret.length
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  const version = isIP(bare)
  return version === 0 ? /^(.+\.)?localhost$/i.test(bare) : LOOPBACK.check(bare, version === 4 ? 'ipv4' : 'ipv6')
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? ''
}
