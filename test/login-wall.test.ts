import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createClient } from './support/client.ts'
import { eventually, ROOT } from './support/gatehouse.ts'

const example = spawn(process.execPath, [join(ROOT, 'examples/main.mjs'), 'login-wall'], {
  stdio: ['ignore', 'pipe', 'pipe'],
})
const ended = once(example, 'exit')
process.once('exit', () => example.kill('SIGKILL'))
let printed = ''
for (const stream of [example.stdout, example.stderr])
  stream.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
after(async () => {
  example.kill('SIGTERM')
  await ended
})

/** What the example tells its reader, and clients of both servers. */
async function told() {
  await eventually(
    'what the example prints',
    () => {
      assert.equal(example.exitCode, null, printed)
      return printed.includes('Ctrl-C') ? true : undefined
    },
    60,
  )
  const [walled = '', bare = ''] = [...printed.matchAll(/'(http:[^']+lake\.jpg[^']+)'/g)].map(([, url]) => url)
  const operator = createClient(new URL(walled).origin)
  return { operator, target: walled.slice(operator.url.length), media: createClient(new URL(bare).origin), bare }
}

test('a photo behind the operator\u2019s login is given to who is logged in, and to nobody else', async () => {
  const { operator, target, media, bare } = await told()
  assert.equal((await operator.get(target)).status, 401)
  assert.equal((await operator.get(target, { cookie: 'session=0123456789abcdef' })).status, 401)
  const page = await operator.get(target, { 'sec-fetch-mode': 'navigate' })
  assert.equal(page.headers.location, `/login?next=${encodeURIComponent(target)}`)
  assert.equal((await media.get(bare.slice(media.url.length))).status, 403, 'the wall cannot be left out')

  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal((await operator.post('/login', 'user=mallory', form)).status, 403)
  const entered = await operator.post('/login', `user=bob&next=${encodeURIComponent(target)}`, form)
  assert.equal(entered.headers.location, target)
  const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? ''
  const whole = await operator.get(target, { cookie })
  assert.equal(whole.status, 200)
  assert.equal(whole.headers['content-type'], 'image/jpeg')
  assert.equal(whole.headers['x-content-type-options'], 'nosniff')
  const part = await operator.get(target, { cookie, range: 'bytes=0-9' })
  assert.deepEqual([part.status, part.body], [206, whole.body.subarray(0, 10)])
  const again = await operator.get(target, { cookie, 'if-none-match': whole.headers.etag ?? '' })
  assert.equal(again.status, 304)
  const forged = target.replace(/t=.{6}/, 't=AAAAAA')
  assert.equal((await operator.get(forged, { cookie })).status, 401, 'a login replaces no right')
  const start = (await operator.get('/', { cookie })).text
  assert.match(start, /<img src="[^"]*\/media\/http/)
  const shown = [...start.matchAll(/<a href="([^"]*)">\1</g)].map(([, url]) => url)
  assert.deepEqual(shown, [operator.url + target, bare], 'the page shows the URL with the wall and without')
})
