import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createMediaOpener } from './media-opener.ts'

const COOKIE_URL = 'https://media.example.com/v1/cookie'
const PICTURE = 'https://media.example.com/apps/1/conversations/c/0123456789abcdefghijklmn/a.png'

/** A page whose clock is at 1,000 s, with a server that issues media tokens of 60 s and grant tokens of 120 s. */
function page({ swap = 200, probe = 200, issuedAt = 1000 }: { swap?: number; probe?: number; issuedAt?: number } = {}) {
  const seen = { media: 0, grant: 0, asked: [] as string[], atOnce: 0 }
  const state = { now: 1_000_000, swap, probe, broken: false, running: 0 }
  const opener = createMediaOpener({
    cookieUrl: COOKIE_URL,
    mediaToken: async () => {
      seen.media += 1
      if (state.broken) throw new Error('signed out')
      const payload = Buffer.from(JSON.stringify({ path: '/apps/1', exp: issuedAt + 60, iat: issuedAt }))
      return `e30.${payload.toString('base64url')}.signature${seen.media}`
    },
    grantToken: async () => {
      seen.grant += 1
      const token = `grant${seen.grant}`
      await turn()
      return { token, expiresAt: new Date(state.now + 120_000).toISOString() }
    },
    fetch: async (input, init = {}) => {
      const { method = 'GET', headers, credentials, cache } = init
      assert.deepEqual([credentials, cache], ['include', 'no-store'])
      seen.asked.push(`${method} ${input}`)
      state.running += 1
      seen.atOnce = Math.max(seen.atOnce, state.running)
      await turn()
      state.running -= 1
      const status = input === COOKIE_URL ? state.swap : state.probe
      if (input === COOKIE_URL) assert.match(new Headers(headers).get('authorization') ?? '', /^Bearer e30\./)
      if (status === 0) throw new TypeError('Failed to fetch')
      // Of the answer to a HEAD request, as Gatehouse gives it.
      const open = String(input).includes('open')
      return new Response(null, {
        status: open ? 200 : status,
        headers: { 'cache-control': open ? 'no-cache' : 'private, no-cache' },
      })
    },
    now: () => state.now,
  })
  return { opener, seen, state }
}

test('where the browser keeps the cookie, URLs stay as they are, and everything is asked once', async () => {
  const { opener, seen } = page()
  const urls = [PICTURE, `${PICTURE}#again`, `${PICTURE}x`]
  assert.deepEqual(await Promise.all(urls.map(opener.open)), urls)
  assert.deepEqual(seen, { media: 1, grant: 0, asked: [`POST ${COOKIE_URL}`, `HEAD ${PICTURE}`], atOnce: 1 })
})

for (const [name, how] of [
  ['the swap is kept from the page', { swap: 0 }],
  ['the swap is refused', { swap: 403 }],
  ['the cookie does not come along, and the refusal is kept from the page', { probe: 0 }],
  ['the cookie does not come along', { probe: 401 }],
] as const) {
  test(`a grant token takes the place of the cookie where ${name}`, async () => {
    const { opener, seen } = page(how)
    assert.equal(await opener.open(PICTURE), `${PICTURE}?t=grant1`)
    assert.equal(await opener.open(`${PICTURE}?wall=1#t=5`), `${PICTURE}?wall=1&t=grant1#t=5`)
    assert.deepEqual([seen.media, seen.grant], [1, 1])
  })
}

for (const [name, how, seconds] of [
  ['the cookie', {}, 60],
  ['the cookie, by a clock that is behind', { issuedAt: 5000 }, 60],
  ['the grant token', { probe: 401 }, 120],
] as const) {
  test(`everything is asked anew shortly before ${name} ends`, async () => {
    const { opener, seen, state } = page(how)
    await opener.open(PICTURE)
    state.now += (seconds - 11) * 1000
    await opener.open(PICTURE)
    assert.equal(seen.media, 1)
    state.now += 1000
    await opener.open(PICTURE)
    assert.equal(seen.media, 2)
  })
}

test('cookies are tried again when the grant token ends', async () => {
  const { opener, state } = page({ probe: 401 })
  assert.equal(await opener.open(PICTURE), `${PICTURE}?t=grant1`)
  state.probe = 200
  assert.equal(await opener.open(PICTURE), `${PICTURE}?t=grant1`)
  state.now += 120_000
  assert.equal(await opener.open(PICTURE), PICTURE)
})

test('what goes wrong on the way to a token is told, and the next call tries again', async () => {
  const { opener, seen, state } = page()
  state.broken = true
  await assert.rejects(opener.open(PICTURE), /signed out/)
  state.broken = false
  assert.equal(await opener.open(PICTURE), PICTURE)
  assert.deepEqual([seen.media, seen.grant], [2, 0])
})

const openPicture = (name: string) => PICTURE.replace('a.png', `open${name}.png`)

test('a file that is open to everybody does not tell whether the cookie comes along', async () => {
  const { opener, seen } = page({ probe: 401 })
  const open = openPicture('')
  const urls = [open, PICTURE, `${open}#again`, `${PICTURE}x`]
  const wanted = [open, `${PICTURE}?t=grant1`, `${open}#again`, `${PICTURE}x?t=grant1`]
  assert.deepEqual(await Promise.all(urls.map(opener.open)), wanted)
  assert.deepEqual([seen.media, seen.grant], [1, 1])
  assert.deepEqual(seen.asked, [`POST ${COOKIE_URL}`, `HEAD ${open}`, `HEAD ${PICTURE}`, `HEAD ${PICTURE}x`])
})

test('files that are open to everybody are looked at together, and once each', async () => {
  const { opener, seen } = page()
  const urls = Array.from({ length: 20 }, (_, index) => openPicture(`${index}`))
  const twice = [...urls, ...urls.map((url) => `${url}#again`)]
  assert.deepEqual(await Promise.all(twice.map(opener.open)), twice)
  for (const url of twice) assert.equal(await opener.open(url), url)
  const asked = [`POST ${COOKIE_URL}`, ...urls.map((url) => `HEAD ${url}`)]
  assert.deepEqual(seen, { media: 1, grant: 0, asked, atOnce: 19 })
})

for (const [name, probe, suffix] of [
  ['cookie', 200, ''],
  ['grant token', 401, '?t=grant1'],
] as const) {
  test(`the first private file among open ones decides for all from then on, by a ${name}`, async () => {
    const { opener, seen } = page({ probe })
    const [first, second, later] = ['1', '2', '3'].map(openPicture) as [string, string, string]
    const urls = [first, second, PICTURE, `${PICTURE}x`]
    const wanted = [first, second, `${PICTURE}${suffix}`, `${PICTURE}x${suffix}`]
    assert.deepEqual(await Promise.all(urls.map(opener.open)), wanted)
    const asked = seen.asked.length
    for (const url of [later, PICTURE, `${PICTURE}y`]) assert.equal(await opener.open(url), `${url}${suffix}`)
    assert.equal(await opener.open(second), second)
    assert.deepEqual([seen.media, seen.grant, seen.asked.length], [1, suffix === '' ? 0 : 1, asked])
  })
}

test('files that are open to everybody are not remembered without bound', async () => {
  const { opener, seen } = page()
  const urls = Array.from({ length: 5000 }, (_, index) => openPicture(`${index}`))
  await opener.open(openPicture(''))
  await Promise.all(urls.map(opener.open))
  await opener.open(openPicture(''))
  assert.equal(seen.asked.filter((asked) => asked === `HEAD ${openPicture('')}`).length, 2)
})
