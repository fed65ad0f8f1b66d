import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { bearer, type Headers } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp, expect, type KeyView, keyed, type Tenant } from './support/tenant.ts'
import { offlineToken, readClaims } from './support/tokens.ts'

/** Random operations over three apps against a small oracle (security.md, P5): everything tries to open everything. */

const house = await startGatehouse()
after(() => house.stop())

const UIDS = ['ann', 'bob', 'eve'] as const
type Uid = (typeof UIDS)[number]

/** The oracle: who may read what, in as few words as possible. */
type Model = {
  readonly apps: { readonly suspended: Set<Uid>; members: readonly Uid[]; alive: boolean }[]
  readonly files: {
    readonly app: number
    readonly receivers: readonly Uid[]
    deleted: boolean
    readonly open: boolean
  }[]
  readonly credentials: ({ readonly app: number; dead: boolean } & (
    | { readonly kind: 'link'; readonly file: number; readonly uid: Uid }
    | { readonly kind: 'token'; readonly uid: Uid | null }
    | { readonly kind: 'key' }
  ))[]
}

function mayRead({ apps, files, credentials }: Model, credential: number, file: number): boolean {
  const [one, target] = [credentials[credential], files[file]]
  if (one === undefined || target === undefined || target.deleted || apps[target.app]?.alive !== true) return false
  if (target.open) return true
  if (one.dead || one.app !== target.app) return false
  if (one.kind === 'link') return one.file === file && !apps[one.app]?.suspended.has(one.uid)
  return one.kind === 'key' || one.uid === null || !apps[one.app]?.suspended.has(one.uid)
}

/** The same things in the real server, at the same indexes. */
type Real = {
  readonly apps: Tenant[]
  readonly files: { readonly id: string; readonly path: string; readonly content: string }[]
  readonly credentials: { readonly t?: string; readonly headers?: Headers; readonly revoke: () => Promise<unknown> }[]
}

const APPS = [0, 1, 2] as const
const app = fc.constantFrom(...APPS)
const uid = fc.constantFrom(...UIDS)
const operation = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('share' as const), app, open: fc.nat(4).map((n) => n === 0) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('link' as const), pick: fc.nat(), uid }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('token' as const), app, uid: fc.option(uid), offline: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('key' as const), app }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('members' as const),
      app,
      members: fc.subarray([...UIDS], { minLength: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('suspend' as const), app, uid }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('activate' as const), app, uid }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('delete app' as const), app, sure: fc.nat(7).map((n) => n === 0) }),
  },
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

/** Does one thing to both. What does not apply (an app that is gone) is left out. */
async function act(model: Model, real: Real, signers: readonly KeyView[], one: Operation): Promise<void> {
  const at = 'app' in one ? one.app : 0
  const [place, tenant] = [model.apps[at], real.apps[at]]
  if (place === undefined || tenant === undefined || ('app' in one && !place.alive)) return
  const everything = `/apps/${tenant.id}`
  switch (one.kind) {
    case 'share': {
      const content = `app ${at}, file ${real.files.length}`
      const made = await tenant.upload(Buffer.from(content), { access: one.open ? 'public' : 'private' })
      real.files.push({ id: made.id, path: made.path, content })
      model.files.push({ app: at, receivers: place.members, deleted: false, open: one.open })
      return
    }
    case 'link': {
      const file = one.pick % Math.max(1, model.files.length)
      const [shared, of] = [model.files[file], real.files[file]]
      const owner = real.apps[shared?.app ?? -1]
      if (!shared || !of || !owner || shared.deleted || shared.open || !model.apps[shared.app]?.alive) return
      const answer = await owner.admin.get(`${owner.base}/attachments/${of.id}/links/${one.uid}`)
      if (!shared.receivers.includes(one.uid)) return void expect(answer, 404)
      const t = expect(answer, 200).json<{ url: string }>().url.split('?t=')[1] ?? ''
      real.credentials.push({ t, revoke: async () => {} })
      model.credentials.push({ kind: 'link', app: shared.app, file, uid: one.uid, dead: false })
      return
    }
    case 'token': {
      const signer = signers[at]
      assert.ok(signer)
      const token = one.offline
        ? offlineToken(signer, readClaims(everything, one.uid === null ? {} : { sub: one.uid }))
        : (
            await tenant.token(
              [{ actions: ['read'], resource: everything }],
              one.uid === null ? {} : { subject: one.uid },
            )
          ).token
      real.credentials.push(
        { t: token, revoke: () => tenant.revoke({ token }) },
        { headers: bearer(token), revoke: () => tenant.revoke({ token }) },
      )
      const twin = { kind: 'token' as const, app: at, uid: one.uid, dead: false }
      model.credentials.push(twin, twin)
      return
    }
    case 'key': {
      const key = await tenant.key()
      const revoke = async () => expect(await tenant.admin.delete(`${tenant.base}/keys/${key.id}`), 204)
      real.credentials.push({ headers: keyed(key), revoke })
      model.credentials.push({ kind: 'key', app: at, dead: false })
      return
    }
    case 'members':
      await tenant.conversation('c', one.members)
      place.members = one.members
      return
    case 'suspend':
      await tenant.deactivate(one.uid)
      return void place.suspended.add(one.uid)
    case 'activate':
      await tenant.activate(one.uid)
      return void place.suspended.delete(one.uid)
    case 'revoke': {
      const index = one.pick % Math.max(1, model.credentials.length)
      const credential = model.credentials[index]
      if (!credential || credential.dead || credential.kind === 'link' || !model.apps[credential.app]?.alive) return
      await real.credentials[index]?.revoke()
      credential.dead = true
      return
    }
    case 'delete': {
      const index = one.pick % Math.max(1, model.files.length)
      const [file, of] = [model.files[index], real.files[index]]
      const owner = real.apps[file?.app ?? -1]
      if (!file || !of || !owner || file.deleted || !model.apps[file.app]?.alive) return
      expect(await owner.admin.delete(`${owner.base}/attachments/${of.id}`), 204)
      file.deleted = true
      return
    }
    case 'delete app':
      if (!one.sure) return
      expect(await tenant.admin.delete(tenant.base), 204)
      place.alive = false
  }
}

async function compare(model: Model, real: Real): Promise<number> {
  let opened = 0
  for (const [c, { t, headers = {} }] of real.credentials.entries()) {
    for (const [f, { path, content }] of real.files.entries()) {
      const answer = await house.admin.as(headers).get(t === undefined ? path : `${path}?t=${t}`)
      const what = `${JSON.stringify(model.credentials[c])} on ${JSON.stringify(model.files[f])}`
      if (mayRead(model, c, f)) assert.equal(expect(answer, 200).text, content, what)
      else
        assert.ok(
          [401, 403, 404].includes(answer.status) && !answer.text.includes(content),
          `${answer.status}: ${what}`,
        )
      if (answer.status === 200) opened++
    }
  }
  return opened
}

test('over three apps, whatever happens, everything opens exactly what the oracle says', {
  timeout: 300_000,
}, async () => {
  let opened = 0
  const run = async (operations: readonly Operation[]) => {
    const model: Model = {
      apps: APPS.map(() => ({ suspended: new Set(), members: UIDS, alive: true })),
      files: [],
      credentials: [],
    }
    const real: Real = { apps: [], files: [], credentials: [] }
    const signers: KeyView[] = []
    for (const _app of APPS) {
      const tenant = await createApp(house.admin)
      await tenant.conversation('c', UIDS)
      signers.push(await tenant.key())
      real.apps.push(tenant)
    }
    for (const one of operations) await act(model, real, signers, one)
    opened += await compare(model, real)
  }
  await fc.assert(fc.asyncProperty(fc.array(operation, { minLength: 30, maxLength: 50, size: 'max' }), run), {
    numRuns: 30,
    endOnFailure: true,
  })
  assert.ok(opened > 500, `only ${opened} successes: the comparison proves little`)
})
