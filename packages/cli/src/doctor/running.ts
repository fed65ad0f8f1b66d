import { because, type Client } from '../client.ts'
import { error, type Finding, hint, warning } from './finding.ts'

const TOLERANCE_MILLISECONDS = 2000
const PATIENCE_MILLISECONDS = 5000

/** What a running server says: reachable, ready, of this version, with the same idea of the time. */
export async function runningFindings(client: Client, version: string): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const sent = Date.now()
  let ready: Response
  try {
    ready = await fetch(`${client.url}/readyz`, {
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
      redirect: 'error',
    })
  } catch (cause) {
    const sentence = `No server answers at ${client.url} (${because(cause)}).`
    return [hint('server_not_reachable', sentence, 'Start it with `gatehouse serve`, or say where it is with --url.')]
  }
  const received = Date.now()
  if (!ready.ok) {
    const sentence = `The server at ${client.url} is not ready (${ready.status}).`
    findings.push(
      error('server_not_ready', sentence, 'Its log says why; database and file store are the usual causes.'),
    )
  }
  const date = Date.parse(ready.headers.get('date') ?? '')
  // The header has whole seconds.
  if (date + 1000 < sent - TOLERANCE_MILLISECONDS || date > received + TOLERANCE_MILLISECONDS) {
    const sentence = `The clock of the server at ${client.url} differs from this one by ${Math.round((date - sent) / 1000)} s.`
    findings.push(warning('clocks_differ', sentence, 'Let NTP keep the clocks of all machines right.'))
  }
  const other = await versionOf(client)
  if (other !== null && other !== version) {
    const sentence = `The server at ${client.url} is version ${other}, this command is ${version}.`
    findings.push(warning('versions_differ', sentence, 'Use the command of the same version.'))
  }
  return findings
}

async function versionOf(client: Client): Promise<string | null> {
  const document = await client.call<{ info?: { version?: string } }>('GET', '/openapi.json').catch(() => null)
  return document?.info?.version ?? null
}
