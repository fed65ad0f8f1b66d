import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { basic, form } from './support/client.ts'
import { ADMIN, eventually, filesBelow, startGatehouse } from './support/gatehouse.ts'
import { createApp, refusal } from './support/tenant.ts'

/** Uploads that break off, or are no upload, leave no file and no descriptor (security.md, D5). */

const house = await startGatehouse({ flags: ['--idle-seconds', '5'] })
after(() => house.stop())
const app = await createApp(house.admin)
await app.conversation('c', ['ann', 'bob'])
await app.upload(randomBytes(1000))

const UPLOADS = `${app.base}/conversations/c/attachments`
const { headers, body } = form([['from', 'ann']], { name: 'x.bin', type: 'text/plain', bytes: randomBytes(600_000) })

/** Files outside the database, and descriptors of files and sockets that the process holds. */
function state() {
  const open = readdirSync(`/proc/${house.pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${house.pid}/fd/${fd}`)]
    } catch {
      return [] // closed since the folder was read
    }
  })
  return {
    files: filesBelow(house.data).filter((file) => !/\.(db|sqlite)\w*(-\w+)?$/.test(file)),
    open: open.filter((target) => target.startsWith(house.data)).sort(),
    sockets: open.filter((target) => target.startsWith('socket:')).length,
  }
}

async function assertTidy(before: ReturnType<typeof state>) {
  const same = () => {
    const now = state()
    const tidy = now.files.join() === before.files.join() && now.open.join() === before.open.join()
    // The suite's own client keeps connections open, so there may be a few more sockets, but not one for each abort.
    return (tidy && now.sockets <= before.sockets + 4) || undefined
  }
  await eventually('everything to be tidy', same, 30).catch(() => assert.deepEqual(state(), before))
}

/** Sends the first bytes of a request and goes away: politely, or with a reset. */
function abort(request: Buffer, length: number, reset: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port: house.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume()
    socket.write(request.subarray(0, length), () => (reset ? socket.resetAndDestroy() : socket.end()))
    if (!reset) socket.once('end', () => socket.destroy())
  })
}

function head(framing: string): Buffer {
  const lines = [`POST ${UPLOADS} HTTP/1.1`, 'Host: x', `Authorization: ${basic(ADMIN.id, ADMIN.secret).authorization}`]
  return Buffer.from([...lines, `Content-Type: ${headers['content-type']}`, framing, '\r\n'].join('\r\n'))
}

test('an upload cut off at any byte leaves nothing behind', { timeout: 300_000 }, async () => {
  const before = state()
  const framings = [
    [head(`Content-Length: ${body.length}`), body],
    [head('Transfer-Encoding: chunked'), Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body])],
  ] as const
  for (const [start, rest] of framings) {
    const request = Buffer.concat([start, rest])
    const cuts = new Set([0, 50, start.length - 1, start.length, 65_536, 300_000, rest.length - 100])
    for (let at = 1; at < 300; at += 6) cuts.add(start.length + at)
    for (let at = 1; at < 80; at += 6) cuts.add(request.length - at)
    for (const cut of cuts) await Promise.all([abort(request, cut, false), abort(request, cut, true)])
  }
  await assertTidy(before)
})

test('a form that is none is refused, and leaves nothing behind', async () => {
  const before = state()
  const file = { name: 'x', type: 'x/y', bytes: Buffer.from('z') }
  const once = form([], file).body
  const rows: readonly (readonly [name: string, bytes: Buffer, type?: string])[] = [
    ['no last boundary', body.subarray(0, -6)],
    ['cut inside the file', body.subarray(0, 300_000)],
    ['no boundary at all', randomBytes(200_000)],
    ['another boundary', Buffer.from(body.toString('latin1').replaceAll('7d1f0c', '000000'), 'latin1')],
    ['empty', Buffer.alloc(0)],
    ['no file', form([['from', 'ann']], null).body],
    ['name of a field too long', form([['x'.repeat(100_000), 'y']], file).body],
    [
      'too many fields',
      form(
        Array.from({ length: 5000 }, (_, n) => [`f${n}`, 'v'] as const),
        file,
      ).body,
    ],
    ['a field too large', form([['from', 'x'.repeat(3_000_000)]], file).body],
    ['two files', Buffer.concat([once.subarray(0, -4), Buffer.from('\r\n'), once.subarray(once.indexOf('\n') + 1)])],
    ['unknown access', form([['access', 'secret']], file).body],
    ['a sender who cannot be', form([['from', 'a/b']], file).body],
    ['no boundary parameter', body, 'multipart/form-data'],
    ['JSON', Buffer.from('{}'), 'application/json'],
    ['no form', body, 'application/octet-stream'],
  ]
  for (const [name, bytes, type] of rows) {
    const answer = await app.admin.post(UPLOADS, bytes, type === undefined ? headers : { 'content-type': type })
    assert.ok(answer.status >= 400 && answer.status < 500, `${name}: ${answer.status} ${answer.text.slice(0, 200)}`)
    refusal(answer, answer.status)
  }
  await assertTidy(before)
})

test('what is larger than the app allows is refused, with and without a length, and leaves nothing behind', async () => {
  await app.settings({ maxUploadBytes: 100_000 })
  const before = state()
  for (const more of [{}, { 'transfer-encoding': 'chunked' }]) {
    const sent = app.admin.send('POST', UPLOADS, { headers: { ...headers, ...more }, body })
    const answer = await sent.catch((error: NodeJS.ErrnoException) => {
      assert.match(String(error.code), /ECONNRESET|EPIPE/, 'the server may hang up on a body that it does not want')
      return null
    })
    if (answer !== null) refusal(answer, 413)
  }
  await assertTidy(before)
  await app.settings({ maxUploadBytes: null })
  assert.equal((await app.upload(randomBytes(200_000))).size, 200_000)
})
