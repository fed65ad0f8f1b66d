import { ACTIONS } from '@gatehouse/core/access'
import type { GrantJson, Key } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { hashSecret } from '../gate/known-keys.ts'
import { checkGrants } from '../grants.ts'
import { changeKey } from '../key.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { KeyView, showKey } from '../presenters.ts'
import { problem } from '../problems.ts'
import { Exactly, GrantIn, Id, List, Name, PageQuery } from '../schemas.ts'
import { newId, newKeySecret } from '../secrets.ts'

/** API keys of an app. */
export function createKeys(parts: Parts) {
  const { records, standings, vault, now } = parts
  const pager = createPager(vault)
  const params = { app: Id, key: Id }

  async function find(app: string, id: string): Promise<Key> {
    const key = await records.keys.find(id)
    if (key === null || key.app !== app) throw problem('not_found')
    return key
  }

  async function turn(app: string, key: string, to: 'active' | 'suspended', by: string) {
    await find(app, key)
    const changed = await standings.change({ kind: 'key', app, key, to }, by)
    const body = showKey(await find(app, key))
    return { status: 200, body: { ...body, ...(changed && { revocation: changed.revocation }) } } as const
  }

  return {
    create: endpoint({
      summary: 'Make an API key',
      description:
        'The secret is shown this once. Without grants it may do everything in the app; a caller passes on only what it holds.',
      params: { app: Id },
      body: Exactly(
        {
          name: Name,
          grants: Type.Optional(Type.Array(GrantIn, { minItems: 1, maxItems: 64 })),
          seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_153_600_000, description: 'Its life.' })),
        },
        { examples: [{ name: 'backend' }] },
      ),
      answers: { 201: Type.Object({ ...KeyView.properties, secret: Type.String() }) },
      idempotent: true,
      handle: async ({ params: { app }, body, caller: { token } }) => {
        const everything: readonly GrantJson[] = [{ actions: ACTIONS, resource: `/apps/${encodeURIComponent(app)}` }]
        const grants = checkGrants(body.grants ?? everything, app, token.grants)
        const secret = newKeySecret()
        const at = now()
        const key = await records.keys.create({
          id: newId(),
          app,
          name: body.name,
          grants,
          secretHash: hashSecret(secret),
          sealedSecret: vault.seal(Buffer.from(secret), 'api-key'),
          expiresAt: body.seconds === undefined ? token.expiresAt : within(at + body.seconds * 1000, token.expiresAt),
          at,
        })
        return { status: 201, body: { ...showKey(key), secret }, location: `/v1/apps/${app}/keys/${key.id}` }
      },
    }),

    list: endpoint({
      summary: 'List the API keys of an app',
      params: { app: Id },
      query: PageQuery,
      answers: { 200: List(KeyView) },
      handle: async ({ params: { app }, query }) => {
        const page = await records.keys.list(app, pager.read(query, `keys ${app}`))
        return { status: 200, body: pager.write(page, `keys ${app}`, showKey) }
      },
    }),

    get: endpoint({
      summary: 'Read an API key',
      params,
      answers: { 200: KeyView },
      handle: async ({ params: { app, key } }) => ({ status: 200, body: showKey(await find(app, key)) }),
    }),

    change: endpoint({
      summary: 'Rename an API key or replace its grants',
      description:
        'What is left out stays. New grants are in force everywhere once answered, for what it has signed, too; only answers under way run on.',
      params,
      body: Exactly({
        name: Type.Optional(Name),
        grants: Type.Optional(Type.Array(GrantIn, { minItems: 1, maxItems: 64 })),
      }),
      answers: { 200: KeyView },
      handle: async ({ params: { app, key }, body, caller: { by, token } }) => {
        const grants = body.grants === undefined ? undefined : checkGrants(body.grants, app, token.grants)
        await find(app, key)
        return { status: 200, body: showKey(await changeKey(parts, app, key, { name: body.name, grants }, by)) }
      },
    }),

    deactivate: endpoint({
      summary: 'Deactivate an API key and, with it, everything that it has signed',
      params,
      answers: { 200: KeyView },
      handle: ({ params: { app, key }, caller: { by } }) => turn(app, key, 'suspended', by),
    }),

    activate: endpoint({
      summary: 'Activate a deactivated API key',
      params,
      answers: { 200: KeyView },
      handle: ({ params: { app, key }, caller: { by } }) => turn(app, key, 'active', by),
    }),

    delete: endpoint({
      summary: 'Revoke an API key for good',
      params,
      answers: { 204: null },
      handle: async ({ params: { app, key }, caller: { by } }) => {
        await find(app, key)
        const changed = await standings.change({ kind: 'key', app, key, to: 'deleted' }, by)
        if (changed === null) throw problem('not_found')
        return { status: 204 }
      },
    }),
  }
}

/** The earlier of two ends; null is none. What a token makes ends with it. */
function within(end: number, limit: number | null): number {
  return limit === null ? end : Math.min(end, limit)
}
