import { randomBytes } from 'node:crypto'
import type { Config } from '@gatehouse/server/config'
import { settingsOf } from '@gatehouse/server/settings'
import type { Blobs } from '@gatehouse/storage/blobs/port'
import type { App, Key, Page, Paging, Records } from '@gatehouse/storage/records/port'
import { isPublic } from './configuration.ts'
import { error, type Finding, hint, messageOf, warning } from './finding.ts'
import { masterKeyFindings } from './master-key.ts'
import { mediaKeyFindings } from './media-keys.ts'

/** What is wrong with what is stored: apps, keys, the log of changes. */
export async function recordFindings(config: Config, records: Records, now: number): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const apps = await all<App>((paging) => records.apps.list(paging))
  if (config.defaultApp !== null && !apps.some(({ id }) => id === config.defaultApp)) {
    const sentence = `The default app ${config.defaultApp} does not exist.`
    findings.push(
      error('default_app_missing', sentence, 'Set GATEHOUSE_DEFAULT_APP to an id that `gatehouse app list` shows.'),
    )
  }
  if (config.defaultApp === null && apps.length > 1) {
    const sentence = `There are ${apps.length} apps and no default: calls whose path names no app are refused.`
    findings.push(hint('default_app_unset', sentence, 'Set GATEHOUSE_DEFAULT_APP where clients make such calls.'))
  }
  if (apps.some(({ id }) => id === 'demo') && isPublic(config)) {
    const sentence = 'The demonstration app is still there, and others can reach this server.'
    findings.push(warning('demo_left', sentence, 'gatehouse app delete demo --yes'))
  }
  for (const app of apps) findings.push(...appFindings(app))
  const keys = await all<Key>((paging) => records.keys.list(null, paging))
  for (const app of apps) keys.push(...(await all<Key>((paging) => records.keys.list(app.id, paging))))
  findings.push(...keyFindings(keys))
  findings.push(...(await masterKeyFindings(config, records, { apps, keys })))
  findings.push(...mediaKeyFindings(config, await records.mediaKeys.list(), now))
  if (keys.length === 0 && config.adminKey === null) {
    const sentence = 'There is no API key, so nobody can call the API.'
    findings.push(hint('key_missing', sentence, 'gatehouse key create --local --name first'))
  }
  const [newest] = await newestChanges(records, apps)
  if (newest !== undefined && newest > now + 5000) {
    const sentence = `The log of changes holds an entry of ${new Date(newest).toISOString()}, later than this machine's clock.`
    findings.push(warning('clock_behind', sentence, 'Let NTP keep the clocks of all machines right.'))
  }
  return findings
}

function appFindings(app: App): Finding[] {
  const settings = settingsOf(app.settings)
  const findings: Finding[] = []
  if (!settings.tokenizedMedia && settings.attachmentsAccess === 'public') {
    const sentence = `Attachments of the app ${app.id} (${app.name}) are public: whoever has a URL sees them.`
    findings.push(warning('app_public', sentence, `gatehouse app set ${app.id} tokenizedMedia=true`))
  } else if (!settings.tokenizedMedia) {
    const sentence = `The app ${app.id} (${app.name}) has tokenizedMedia off.`
    findings.push(hint('app_not_tokenized', sentence, `gatehouse app set ${app.id} tokenizedMedia=true`))
  }
  if (settings.allowedOrigins.some((origin) => origin === '*' || origin === 'null')) {
    const sentence = `The app ${app.id} (${app.name}) lets pages of every origin read its media.`
    findings.push(
      warning('origins_open', sentence, `gatehouse app set ${app.id} 'allowedOrigins=["https://your.site"]'`),
    )
  }
  return findings
}

function keyFindings(keys: readonly Key[]): Finding[] {
  return keys
    .filter(({ status, grants }) => status === 'active' && grants.some(({ resource }) => resource === '/'))
    .map(({ id, name }) => {
      const sentence = `The key ${id} (${name}) may act on the whole installation.`
      return hint('key_account_wide', sentence, 'Give each backend a key of its app, and keep this one for operating.')
    })
}

async function newestChanges(records: Records, apps: readonly App[]): Promise<number[]> {
  const pages = await Promise.all(
    apps.slice(0, 100).map(({ id }) => records.changes.list(id, { after: null, limit: 1 })),
  )
  return pages.flatMap(({ items }) => items.map(({ at }) => at)).sort((a, b) => b - a)
}

/** Whether bytes can be written, read back, and removed. */
export async function blobFindings(blobs: Blobs): Promise<readonly Finding[]> {
  const cure = 'Check GATEHOUSE_BLOBS_URL, the rights of its key, and the network; without it, the data folder.'
  try {
    await blobs.ping()
    const sent = randomBytes(1024)
    const { blob } = await blobs.put(
      'doctor',
      (async function* () {
        yield sent
      })(),
      { maxBytes: sent.length },
    )
    const read = await readWhole(blobs, blob)
    await blobs.delete(blob)
    if (!sent.equals(read)) {
      return [error('blobs_differ', 'The file store gives back other bytes than were written.', cure)]
    }
    return (await blobs.open(blob)) === null ? [] : [error('blobs_remain', 'The file store does not delete.', cure)]
  } catch (cause) {
    return [error('blobs_failing', `The file store does not work: ${messageOf(cause)}.`, cure)]
  }
}

async function readWhole(blobs: Blobs, blob: string): Promise<Buffer> {
  const handle = await blobs.open(blob)
  if (handle === null) return Buffer.alloc(0)
  try {
    const chunks: Buffer[] = []
    for await (const chunk of handle.read(0, handle.size)) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks)
  } finally {
    await handle.close()
  }
}

async function all<T>(list: (paging: Paging) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let after: string | null = null
  do {
    const page: Page<T> = await list({ after, limit: 1000 })
    items.push(...page.items)
    after = page.next
  } while (after !== null)
  return items
}
