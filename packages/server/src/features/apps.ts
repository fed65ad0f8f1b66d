import { randomBytes } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { createPager } from '../paging.ts'
import type { Parts, Revocation } from '../parts.ts'
import { AppView, showApp } from '../presenters.ts'
import { problem } from '../problems.ts'
import { Exactly, Id, List, Name, PageQuery } from '../schemas.ts'
import { newId } from '../secrets.ts'
import { settingsOf } from '../settings.ts'
import { checkSettings, keptSettings, SettingsIn } from '../settings-in.ts'
import { LINK_KEY_PURPOSE } from '../signing/links.ts'

/** Apps: the tenants that everything else belongs to. */
export function createApps(parts: Parts) {
  const { records, standings, vault, now } = parts
  const pager = createPager(vault)
  const params = { app: Id }
  const newLinkKey = () => vault.seal(randomBytes(32), LINK_KEY_PURPOSE)

  async function show(app: string, revocation?: Revocation): Promise<Static<typeof AppView>> {
    const found = await records.apps.find(app)
    if (found === null) throw problem('not_found')
    return { ...showApp(found), ...(revocation && { revocation }) }
  }

  async function turn(app: string, to: 'active' | 'suspended', by: string) {
    const changed = await standings.change({ kind: 'app', app, to }, by)
    if (changed === null) throw problem('not_found')
    return { status: 200, body: await show(app, changed.revocation) } as const
  }

  return {
    create: endpoint({
      summary: 'Make an app',
      body: Exactly({ name: Name, settings: Type.Optional(SettingsIn) }, { examples: [{ name: 'Chat' }] }),
      answers: { 201: AppView },
      idempotent: true,
      handle: async ({ body: { name, settings = {} } }) => {
        checkSettings(settings)
        const kept = keptSettings(settings)
        const app = await records.apps.create({ id: newId(), name, settings: kept, linkKey: newLinkKey(), at: now() })
        return { status: 201, body: showApp(app), location: `/v1/apps/${app.id}` }
      },
    }),

    list: endpoint({
      summary: 'List apps',
      query: PageQuery,
      answers: { 200: List(AppView) },
      handle: async ({ query }) => {
        const page = await records.apps.list(pager.read(query, 'apps'))
        return { status: 200, body: pager.write(page, 'apps', showApp) }
      },
    }),

    get: endpoint({
      summary: 'Read an app',
      params,
      answers: { 200: AppView },
      handle: async ({ params: { app } }) => ({ status: 200, body: await show(app) }),
    }),

    change: endpoint({
      summary: 'Rename an app or change its settings',
      description:
        'Settings that are left out stay; null sets one back to its default. In force everywhere once answered.',
      params,
      body: Exactly({ name: Type.Optional(Name), settings: Type.Optional(SettingsIn) }),
      answers: { 200: AppView },
      handle: async ({ params: { app }, body: { name, settings }, caller: { by } }) => {
        const present = settingsOf((await records.apps.find(app))?.settings ?? {})
        checkSettings(settings ?? {}, present)
        if (name !== undefined && (await records.apps.rename(app, name)) === null) throw problem('not_found')
        if (settings === undefined) return { status: 200, body: await show(app) }
        const changed = await standings.change({ kind: 'settings', app, settings: keptSettings(settings) }, by)
        return { status: 200, body: await show(app, changed?.revocation) }
      },
    }),

    delete: endpoint({
      summary: 'Delete an app with everything in it',
      params,
      answers: { 204: null },
      handle: async ({ params: { app }, caller: { by } }) => {
        const changed = await standings.change({ kind: 'app', app, to: 'deleted' }, by)
        if (changed === null) throw problem('not_found')
        return { status: 204 }
      },
    }),

    deactivate: endpoint({
      summary: 'Suspend an app: everything in it is refused until it is activated again',
      params,
      answers: { 200: AppView },
      handle: ({ params: { app }, caller: { by } }) => turn(app, 'suspended', by),
    }),

    activate: endpoint({
      summary: 'Activate a suspended app: what was issued before works again',
      params,
      answers: { 200: AppView },
      handle: ({ params: { app }, caller: { by } }) => turn(app, 'active', by),
    }),

    retireLinkKey: endpoint({
      summary: 'Replace the key of all recipient links',
      description: 'For emergencies: every recipient link of the app is void from then on and has to be derived again.',
      params,
      answers: { 200: AppView },
      handle: async ({ params: { app }, caller: { by } }) => {
        const changed = await standings.change({ kind: 'link-key', app, linkKey: newLinkKey() }, by)
        if (changed === null) throw problem('not_found')
        return { status: 200, body: await show(app, changed.revocation) }
      },
    }),
  }
}
