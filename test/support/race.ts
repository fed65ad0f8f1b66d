import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { bearer, type Headers, targetOf } from './client.ts'
import { type Login, logIn } from './login.ts'
import { type Lane, openLane, requestHead } from './raw.ts'
import { createApp, expect, keyed, type Tenant } from './tenant.ts'
import { offlineToken, readClaims } from './tokens.ts'

/**
 * Races between readers and a revocation (security.md, R1). Readers hammer all nodes while one node is told to revoke. A request
 * counts as started the moment before it is written to the socket, on the same clock and in the same process that received the
 * answer, so a late success cannot be explained away.
 */

const READERS = 12
const BEFORE = 150
const AFTER = 250

/** What is ready to be raced: requests that succeed now, and the call after which none of them may. */
export type Race = { readonly heads: readonly string[]; readonly revoke: () => Promise<unknown> }

const BYTES = randomBytes(4000)

async function shared(admin: Tenant['admin'], settings?: Readonly<Record<string, unknown>>) {
  const app = await createApp(admin, settings)
  await app.users('ann', 'bob')
  await app.conversation('c', ['ann', 'bob'])
  const file = await app.upload(BYTES)
  const get = (target: string, headers: Headers = {}) => requestHead('GET', target, headers)
  const everything = `/apps/${app.id}`
  return {
    app,
    file,
    get,
    everything,
    link: get(await app.link(file.id, 'bob')),
    other: get(await app.link(file.id, 'ann')),
    read: (headers: Headers) => [get(file.path, headers), get(`${app.base}/attachments/${file.id}`, headers)],
    /** What a session of bob opens: a surface's call, and the bytes by a pre-signed URL. */
    opened: async (login: Login) => {
      const sent = expect(await app.bare.get(`${file.path}?fat=${await login.pass()}`), 302)
      const me = get('/v3.0/me', { appid: app.id, authtoken: login.authToken })
      return [me, get(targetOf(sent.headers.location ?? ''))]
    },
    issued: async (more = {}) => await app.token([{ actions: ['read'], resource: everything }], more),
  }
}

/** Every level at which a right can go, with what makes it ready to be raced. */
export const LEVELS: Readonly<Record<string, (admin: Tenant['admin']) => Promise<Race>>> = {
  'a user is deactivated': async (admin) => {
    const { app, link, get, file, issued, opened } = await shared(admin)
    const { token } = await issued({ subject: 'bob' })
    const heads = [link, get(file.path, bearer(token)), ...(await opened(await logIn(app, 'bob')))]
    return { heads, revoke: () => app.deactivate('bob') }
  },
  'a login session is ended': async (admin) => {
    const { app, opened } = await shared(admin)
    const login = await logIn(app, 'bob')
    const path = `${app.base}/users/bob/logins/${login.id}`
    return { heads: await opened(login), revoke: async () => expect(await admin.delete(path), 200, 204) }
  },
  'all login sessions of a user are revoked': async (admin) => {
    const { app, opened } = await shared(admin)
    const heads = [...(await opened(await logIn(app, 'bob'))), ...(await opened(await logIn(app, 'bob')))]
    return { heads, revoke: () => app.revoke({ user: 'bob' }) }
  },
  'a user is deleted': async (admin) => {
    const { app, link } = await shared(admin)
    return { heads: [link], revoke: async () => expect(await admin.delete(`${app.base}/users/bob`), 204) }
  },
  'the user is deactivated whom another was merged into': async (admin) => {
    const { app, link, opened } = await shared(admin)
    const heads = [link, ...(await opened(await logIn(app, 'bob')))]
    await app.users('eve')
    expect(await admin.post(`${app.base}/users/eve/merge`, { from: 'bob' }), 200)
    return { heads, revoke: () => app.deactivate('eve') }
  },
  'a user is merged into one who is deactivated': async (admin) => {
    const { app, link, get, file, issued, opened } = await shared(admin)
    const { token } = await issued({ subject: 'bob' })
    const heads = [link, get(file.path, bearer(token)), ...(await opened(await logIn(app, 'bob')))]
    await app.users('eve')
    await app.deactivate('eve')
    const path = `${app.base}/users/eve/merge`
    return { heads, revoke: async () => expect(await admin.post(path, { from: 'bob' }), 200) }
  },
  'a user is revoked': async (admin) => {
    const { app, link } = await shared(admin)
    return { heads: [link], revoke: () => app.revoke({ user: 'bob' }) }
  },
  'a token is revoked by its id': async (admin) => {
    const { app, get, file, issued } = await shared(admin)
    const { token, id } = await issued()
    return {
      heads: [get(file.path, bearer(token)), get(`${file.path}?t=${token}`)],
      revoke: () => app.revoke({ token: id }),
    }
  },
  'an offline token is revoked by showing it': async (admin) => {
    const { app, get, file, everything } = await shared(admin)
    const token = offlineToken(await app.key(), readClaims(everything))
    return { heads: [get(`${file.path}?t=${token}`)], revoke: () => app.revoke({ token }) }
  },
  'a key is deactivated': async (admin) => {
    const { app, read, get, file, everything } = await shared(admin)
    const key = await app.key()
    const token = offlineToken(key, readClaims(everything))
    const heads = [...read(keyed(key)), get(file.path, bearer(token))]
    return { heads, revoke: async () => expect(await admin.post(`${app.base}/keys/${key.id}/deactivate`), 200) }
  },
  'a key is deleted': async (admin) => {
    const { app, read, get, file, everything } = await shared(admin)
    const key = await app.key()
    const told = expect(await app.bare.get(file.path, { apikey: key.secret }), 200)
    const service = get(targetOf(told.json<{ data: { url: string } }>().data.url))
    const signed = get(file.path, bearer(offlineToken(key, readClaims(everything))))
    const heads = [...read(keyed(key, 'bearer')), signed, service]
    return { heads, revoke: async () => expect(await admin.delete(`${app.base}/keys/${key.id}`), 204) }
  },
  'what a key has issued is revoked': async (admin) => {
    const { app, get, file, everything } = await shared(admin)
    const key = await app.key()
    const token = offlineToken(key, readClaims(everything))
    return { heads: [get(file.path, bearer(token))], revoke: () => app.revoke({ key: key.id }) }
  },
  'a conversation is revoked': async (admin) => {
    const { app, link, other } = await shared(admin)
    return { heads: [link, other], revoke: () => app.revoke({ conversation: 'c' }) }
  },
  'a resource is revoked': async (admin) => {
    const { app, link, other, get, file, issued } = await shared(admin)
    const heads = [link, other, get(file.path, bearer((await issued()).token))]
    return { heads, revoke: () => app.revoke({ resource: file.path }) }
  },
  'a prefix is revoked': async (admin) => {
    const { app, link, everything, get, file, issued } = await shared(admin)
    const heads = [link, get(file.path, bearer((await issued()).token))]
    return { heads, revoke: () => app.revoke({ resource: `${everything}/conversations` }) }
  },
  'what a subject got before a moment is revoked': async (admin) => {
    const { app, get, file, issued } = await shared(admin)
    const { token } = await issued({ subject: 'visitor' })
    const { sequence } = await app.revoke({ token: 'another' })
    const revoke = () => app.revoke({ subject: 'visitor', issuedBefore: sequence })
    return { heads: [get(file.path, bearer(token))], revoke }
  },
  'an attachment is deleted': async (admin) => {
    const { app, link, file, read } = await shared(admin)
    const heads = [link, ...read(keyed(await app.key()))]
    return { heads, revoke: async () => expect(await admin.delete(`${app.base}/attachments/${file.id}`), 204) }
  },
  'a public attachment is deleted': async (admin) => {
    const { app, get } = await shared(admin)
    const open = await app.upload(BYTES, { access: 'public' })
    return {
      heads: [get(open.path)],
      revoke: async () => expect(await admin.delete(`${app.base}/attachments/${open.id}`), 204),
    }
  },
  'an app is deleted': async (admin) => {
    const { app, link, read } = await shared(admin)
    const heads = [link, ...read(keyed(await app.key()))]
    return { heads, revoke: async () => expect(await admin.delete(app.base), 204) }
  },
  'a member leaves where that takes access away': async (admin) => {
    const { app, link } = await shared(admin, { revokeOnLeave: true })
    const member = `${app.base}/conversations/c/members/bob`
    return { heads: [link], revoke: async () => expect(await admin.delete(member), 200, 204) }
  },
}

/** Runs one race on the ports of all nodes; asserts that nothing succeeded late, and answers how many requests took part. */
export async function race(ports: readonly number[], { heads, revoke }: Race): Promise<number> {
  let raced = 0
  let answeredAt = Number.POSITIVE_INFINITY
  let succeeded = 0
  let late = 0
  const wrong: string[] = []
  const warm = Promise.withResolvers<void>()
  const reader = async (index: number) => {
    const port = ports[index % ports.length] ?? 0
    const open = () => openLane(port, `127.0.1.${index + 1}`)
    const head = heads[index % heads.length] ?? ''
    let lane: Lane = await open()
    while (late < AFTER) {
      const started = performance.now()
      const both = await Promise.allSettled([lane.send(head), lane.send(head)])
      for (const one of both) {
        raced++
        if (started > answeredAt) late++
        if (one.status === 'rejected') continue
        const { status, body } = one.value
        const good = status === 200
        if (good) succeeded++
        if (good && started > answeredAt) wrong.push(`200 after the answer: ${head.slice(0, 60)}`)
        if (!good && ![401, 403, 404].includes(status)) wrong.push(`${status}: ${body.toString('utf8', 0, 200)}`)
        if (good && !body.equals(BYTES) && !/ \/v[13]/.test(head)) wrong.push('wrong bytes')
      }
      if (succeeded >= BEFORE) warm.resolve()
      if (wrong.length > 0) warm.resolve()
      if (both.some(({ status }) => status === 'rejected')) {
        lane.close()
        lane = await open()
      }
    }
    lane.close()
  }
  const readers = Promise.all(Array.from({ length: READERS }, (_, index) => reader(index)))
  await Promise.race([warm.promise, readers])
  await revoke()
  answeredAt = performance.now()
  await readers
  assert.deepEqual([...new Set(wrong)], [])
  assert.ok(succeeded >= BEFORE, 'nothing succeeded before: this race proves nothing')
  return raced
}
