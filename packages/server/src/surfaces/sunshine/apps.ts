import { randomBytes } from 'node:crypto'
import type { App, Numbered, SettingsJson } from '@gatehouse/storage/records/port'
import { allPages } from '../../paging.ts'
import type { Parts } from '../../parts.ts'
import { newId } from '../../secrets.ts'
import { LINK_KEY_PURPOSE } from '../../signing/links.ts'
import { type AccountContext, accountCall, call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { createPages } from './pages.ts'
import { type Fields, requiredText, wrong } from './request.ts'
import { NEW_APP, storedSettings } from './settings.ts'
import { showApp, showApp11 } from './views.ts'

/** Only account-wide keys delete apps; those of an app read and change it. */
const ACCOUNT = '/'

/** The calls on apps, of both versions. */
export function createAppCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, standings, vault, now } = parts
  const pages = createPages(parts)

  async function create(fields: Fields, nameField: string): Promise<App> {
    const name = requiredText(fields, nameField)
    const settings: SettingsJson = { ...NEW_APP, ...storedSettings(fields, null) }
    const linkKey = vault.seal(randomBytes(32), LINK_KEY_PURPOSE)
    return records.apps.create({ id: newId(), name, settings, linkKey, at: now() })
  }

  async function find(id: string): Promise<App> {
    const app = await records.apps.find(id)
    if (app === null) throw failure('appNotFound')
    return app
  }

  /** What is left out stays. */
  async function change(id: string, fields: Fields, nameField: string, by: string): Promise<App> {
    const given = fields[nameField]
    const name = given === undefined || given === null ? undefined : requiredText(fields, nameField)
    const settings = storedSettings(fields, await find(id))
    if (name !== undefined && (await records.apps.rename(id, name)) === null) throw failure('appNotFound')
    if (Object.keys(settings).length > 0) await standings.change({ kind: 'settings', app: id, settings }, by)
    return find(id)
  }

  async function some(offset: number, limit: number): Promise<Numbered<App>> {
    const items: App[] = []
    let total = 0
    for await (const page of allPages<App>((paging) => records.apps.list(paging))) {
      items.push(...page.slice(Math.max(0, offset - total), Math.max(0, offset + limit - total)))
      total += page.length
    }
    return { items, total }
  }

  async function remove(app: string, by: string) {
    if ((await standings.change({ kind: 'app', app, to: 'deleted' }, by)) === null) throw failure('appNotFound')
    return { status: 200, body: {} } as const
  }

  return [
    accountCall({
      versions: ['v2'],
      method: 'POST',
      path: '/apps',
      handle: async ({ fields }) => ({ status: 201, body: { app: showApp(await create(fields, 'displayName')) } }),
    }),

    accountCall({
      versions: ['v2'],
      method: 'GET',
      path: '/apps',
      handle: async (context) => {
        const { items, ...ends } = await pages(context, 'sunshine apps', some)
        return { status: 200, body: { apps: items.map(showApp), ...ends } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: '/apps/{app}',
      handle: async ({ app }) => ({ status: 200, body: { app: showApp(await find(app)) } }),
    }),

    call({
      versions: ['v2'],
      method: 'PATCH',
      path: '/apps/{app}',
      handle: async ({ app, fields, caller: { by } }) => ({
        status: 200,
        body: { app: showApp(await change(app, fields, 'displayName', by)) },
      }),
    }),

    call({
      versions: ['v2', 'v1.1'],
      method: 'DELETE',
      path: '/apps/{app}',
      resource: ACCOUNT,
      handle: ({ app, caller: { by } }) => remove(app, by),
    }),

    accountCall({
      versions: ['v1.1'],
      method: 'POST',
      path: '/apps',
      handle: async ({ fields }) => ({ status: 201, body: { app: showApp11(await create(fields, 'name')) } }),
    }),

    accountCall({
      versions: ['v1.1'],
      method: 'GET',
      path: '/apps',
      handle: async (context) => {
        const [offset, limit] = [wholeOf(context, 'offset', 0, 1_000_000, 0), wholeOf(context, 'limit', 1, 100, 25)]
        const { items, total } = await some(offset, limit)
        return {
          status: 200,
          body: { apps: items.map(showApp11), offset, limit, hasMore: offset + items.length < total },
        }
      },
    }),

    call({
      versions: ['v1.1'],
      method: 'GET',
      path: '/apps/{app}',
      handle: async ({ app }) => ({ status: 200, body: { app: showApp11(await find(app)) } }),
    }),

    call({
      versions: ['v1.1'],
      method: 'PUT',
      path: '/apps/{app}',
      handle: async ({ app, fields, caller: { by } }) => ({
        status: 200,
        body: { app: showApp11(await change(app, fields, 'name', by)) },
      }),
    }),
  ]
}

function wholeOf({ query }: AccountContext, name: string, least: number, most: number, fallback: number): number {
  const text = query.text(name)
  if (text === undefined) return fallback
  const number = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= least && number <= most)) throw wrong(name, `should be an integer from ${least} to ${most}`)
  return number
}
