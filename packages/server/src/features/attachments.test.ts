import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { body: app } = await house.call('POST', '/v1/apps', { name: 'Chat', settings: { maxUploadBytes: 5_000_000 } })
await house.call('PUT', `/v1/apps/${app.id}/conversations/c`, { type: 'group', members: ['ann', 'bob', 'eve'] })
const base = `/v1/apps/${app.id}`
const inside = `${base}/conversations/c/attachments`
const url = await house.api.listen({ host: '127.0.0.1', port: 0 })
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

type Field = readonly [name: string, value: string | Blob, filename?: string]

async function send(path: string, fields: readonly Field[], headers: Record<string, string> = {}) {
  const form = new FormData()
  for (const [name, value, filename] of fields) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, value, filename ?? 'file.bin')
  }
  const answer = await fetch(url + path, { method: 'POST', body: form, headers })
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
  const body: any = await answer.json()
  return { status: answer.status, body, headers: answer.headers }
}

function file(bytes: Buffer | string, type = 'application/octet-stream'): Blob {
  return new Blob([bytes as string], { type })
}

/** Every file of the store, finished or not. */
async function stored(): Promise<string[]> {
  const all = await readdir(house.folder, { recursive: true, withFileTypes: true })
  return all.filter((one) => one.isFile() && !one.name.includes('.db')).map((one) => join(one.parentPath, one.name))
}

/** Connections that the server still holds. */
function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    house.api.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

/** Waits for what has to come; the test runner's own limit ends it otherwise. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}

const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)])

test('an upload is stored as it came and answered with all that is known of it', async () => {
  const bytes = randomBytes(3_000_000)
  const made = await send(inside, [
    ['from', 'ann'],
    ['file', file(bytes), 'holiday.bin'],
  ])
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const { id, path } = made.body
  assert.match(id, /^[0-9a-f]{24}$/)
  assert.match(path, new RegExp(`^/apps/${app.id}/conversations/c/[A-Za-z0-9_-]{24}/holiday\\.bin$`))
  assert.doesNotMatch(path.split('/')[5], /fat/i)
  assert.equal(made.body.url, `http://media.test${path}`)
  assert.equal(made.body.sha256, createHash('sha256').update(bytes).digest('hex'))
  assert.deepEqual(
    [made.body.filename, made.body.size, made.body.access, made.body.from, made.body.conversation],
    ['holiday.bin', bytes.length, 'private', 'ann', 'c'],
  )
  assert.equal(made.headers.get('location'), `${base}/attachments/${id}`)
  assert.deepEqual((await house.call('GET', `${base}/attachments/${id}`)).body, made.body)
  assert.equal((await house.call('GET', `${base}/attachments?conversation=c`)).body.items[0].id, id)
  assert.equal((await house.call('GET', `${base}/attachments?access=public`)).body.items.length, 0)
})

test('fields may stand before or after the file; recipients are repeated or one list', async () => {
  const rows: readonly (readonly Field[])[] = [
    [
      ['file', file('x')],
      ['access', 'public'],
      ['recipients', 'bob'],
      ['recipients', 'zoe'],
    ],
    [
      ['access', 'public'],
      ['recipients', '["bob","zoe"]'],
      ['file', file('x')],
    ],
  ]
  for (const fields of rows) {
    const made = await send(inside, fields)
    assert.equal(made.status, 201)
    assert.equal(made.body.access, 'public')
    const links = await house.call('GET', `${base}/attachments/${made.body.id}/links`)
    assert.deepEqual(
      links.body.items.map(({ user }: { user: string }) => user),
      ['bob', 'zoe'],
    )
  }
})

test('the bytes decide the type; what they contradict, and markup, is kept as bytes', async () => {
  const rows: readonly (readonly [bytes: Buffer | string, declared: string, kept: string])[] = [
    [PNG, 'image/png', 'image/png'],
    [PNG, '', 'image/png'],
    [PNG, 'text/html', 'application/octet-stream'],
    [PNG, 'image/jpeg', 'application/octet-stream'],
    ['<html><script>1</script></html>', 'image/png', 'application/octet-stream'],
    ['<html><script>1</script></html>', 'text/html', 'application/octet-stream'],
    ['<?xml version="1.0"?><svg/>', 'image/svg+xml', 'application/octet-stream'],
    ['grüße', 'text/plain', 'text/plain'],
    ['a,b', 'text/csv; charset=utf-8', 'text/csv'],
    ['x', 'text/x-weird', 'text/plain'],
    [Buffer.from([0x67, 0xfc]), 'text/plain', 'application/octet-stream'],
    ['a\0b', 'text/plain', 'application/octet-stream'],
    ['anything', 'application/x-unknown', 'application/octet-stream'],
    ['', 'text/plain', 'text/plain'],
    [Buffer.concat([Buffer.alloc(70_000, 'a'), Buffer.from([0xff])]), 'text/plain', 'application/octet-stream'],
    ['%PDF-1.7\n', 'application/pdf', 'application/pdf'],
    [Buffer.from('000000206674797069736f6d', 'hex'), 'video/mp4', 'video/mp4'],
    [EMPTY_ZIP, 'application/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.text'],
    [EMPTY_ZIP, 'application/vnd.oasis.opendocument.text, text/html', 'application/octet-stream'],
    [EMPTY_ZIP, 'application/vnd.openxmlformats-officedocument.a b', 'application/octet-stream'],
  ]
  for (const [bytes, declared, kept] of rows) {
    const { body } = await send(inside, [['file', file(bytes, declared)]])
    assert.equal(body.contentType, kept, `${declared}: ${String(bytes).slice(0, 20)}`)
  }
})

test('any name is one segment of the path, and is kept as it was', async () => {
  const names = ['übersicht.txt', '..', 'a/b.txt', 'a\\b.txt', '%41.txt', 'e\u0301.txt', 'x'.repeat(300), '😀']
  for (const name of names) {
    const { status, body } = await send(inside, [['file', file('x'), name]])
    assert.equal(status, 201, name)
    assert.equal(body.path.split('/').length, 7, body.path)
    assert.equal(body.filename, name)
  }
})

test('a form that is not exactly one file and known fields leaves nothing behind', async () => {
  const before = await stored()
  const rows: readonly (readonly [what: string, fields: readonly Field[], paths: readonly string[]])[] = [
    ['no file', [['access', 'public']], ['/file']],
    [
      'two files',
      [
        ['file', file('1')],
        ['file', file('2')],
      ],
      ['/file'],
    ],
    ['another name', [['photo', file('1')]], ['/file']],
    ['file as text', [['file', 'text']], ['/file']],
    [
      'everything wrong',
      [
        ['file', file('1')],
        ['access', 'secret'],
        ['from', 'a/b'],
        ['recipients', '..'],
        ['caption', 'x'],
      ],
      ['/access', '/caption', '/from', '/recipients'],
    ],
    [
      'access twice',
      [
        ['file', file('1')],
        ['access', 'public'],
        ['access', 'private'],
      ],
      ['/access'],
    ],
    [
      'a list that is none',
      [
        ['file', file('1')],
        ['recipients', '["a"'],
      ],
      ['/recipients'],
    ],
  ]
  for (const [what, fields, paths] of rows) {
    const { status, body } = await send(inside, fields)
    assert.deepEqual([status, body.code], [400, 'validation_failed'], what)
    assert.deepEqual(body.errors.map(({ path }: { path: string }) => path).sort(), paths, what)
  }
  const none = await send(`${base}/conversations/nowhere/attachments`, [['file', file('1')]])
  assert.equal(none.status, 404)
  assert.deepEqual(await stored(), before)
})

test('too large, over quota, encoded, and no form at all: refused by name, with nothing left behind', async () => {
  const before = await stored()
  const big = await send(inside, [['file', file(Buffer.alloc(5_000_001))]])
  assert.deepEqual([big.status, big.body.code], [413, 'file_too_large'])
  const huge = await send(inside, [['file', file(Buffer.alloc(20_000_000))]])
  assert.deepEqual([huge.status, huge.body.code], [413, 'file_too_large'])
  const fields = await send(inside, [
    ['from', 'x'.repeat(4_300_000)],
    ['file', file('1')],
  ])
  assert.deepEqual([fields.status, fields.body.code], [413, 'form_too_large'])
  const encoded = await send(inside, [['file', file('1')]], { 'content-encoding': 'gzip' })
  assert.deepEqual([encoded.status, encoded.body.code], [415, 'unsupported_encoding'])
  const rows = [
    ['application/json', '{}', 415],
    ['text/plain', 'x', 415],
    ['multipart/form-data', 'x', 400],
    ['multipart/form-data; boundary=b', '', 400],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhalf',
      400,
    ],
  ] as const
  for (const [type, body, status] of rows) {
    const answer = await fetch(url + inside, { method: 'POST', headers: { 'content-type': type }, body })
    assert.equal(answer.status, status, `${type}: ${body.slice(0, 20)}`)
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  }

  const { body: small } = await house.call('POST', '/v1/apps', {
    name: 'S',
    settings: { quotaBytes: 1000, quotaAttachments: 2 },
  })
  const there = `/v1/apps/${small.id}/attachments`
  const withSmall = (bytes: number) => send(there, [['file', file(Buffer.alloc(bytes))]])
  assert.equal((await withSmall(600)).status, 201)
  const over = await withSmall(600)
  assert.deepEqual([over.status, over.body.code], [403, 'quota_exceeded'])
  assert.equal((await withSmall(400)).status, 201)
  assert.equal((await withSmall(0)).body.code, 'quota_exceeded')
  assert.equal((await stored()).length, before.length + 2)
})

test('an upload that is cut off at any byte leaves no file', { timeout: 300_000 }, async () => {
  const before = await stored()
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\nContent-Type: a/b\r\n\r\n'
  const whole = Buffer.concat([Buffer.from(head), randomBytes(200_000), Buffer.from('\r\n--b--\r\n')])
  const { port } = new URL(url)
  house.api.server.closeAllConnections()
  for (const length of [0, 5, 40, head.length, head.length + 1, 100_000, whole.length - 12, whole.length - 3]) {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.write(
        `POST ${inside} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n` +
          `Content-Length: ${whole.length}\r\n\r\n`,
      )
      socket.write(whole.subarray(0, length), () => socket.destroy())
    })
  }
  await until(async () => (await connections()) === 0)
  await until(async () => (await stored()).length <= before.length)
  assert.deepEqual(await stored(), before)
})

test('an upload with an Idempotency-Key is stored once', async () => {
  const key = { 'idempotency-key': 'upload-1' }
  const first = await send(inside, [['file', file('same')]], key)
  const files = (await stored()).length
  const second = await send(inside, [['file', file('same')]], key)
  assert.deepEqual([second.status, second.body], [201, first.body])
  assert.equal(second.headers.get('idempotency-replayed'), 'true')
  assert.equal(second.headers.get('location'), first.headers.get('location'))
  const other = await send(inside, [['file', file('other')]], key)
  assert.deepEqual([other.status, other.body.code], [422, 'idempotency_conflict'])
  assert.equal((await stored()).length, files)
})

test('a deleted attachment is gone with its bytes', async () => {
  const before = await stored()
  const { body } = await send(inside, [['file', file('x')]])
  const one = `${base}/attachments/${body.id}`
  assert.equal((await stored()).length, before.length + 1)
  assert.equal((await house.call('DELETE', one)).status, 204)
  assert.deepEqual(await stored(), before)
  for (const [method, path] of [
    ['GET', one],
    ['DELETE', one],
    ['GET', `${one}/links`],
    ['GET', `${one}/receipts`],
  ] as const) {
    assert.equal((await house.call(method, path)).status, 404, `${method} ${path}`)
  }
})

test('protect closes what is public in pieces and tells how far it is; unprotect opens just that again', async () => {
  const { body: open } = await house.call('POST', '/v1/apps', {
    name: 'O',
    settings: { tokenizedMedia: false, attachmentsAccess: 'public' },
  })
  const there = `/v1/apps/${open.id}/attachments`
  const { records } = house.parts
  for (let n = 0; n < 701; n++) {
    await records.attachments.create({
      ...{ app: open.id, id: `a${n}`, path: `/apps/${open.id}/k${n}/f`, conversation: null, filename: 'f' },
      ...{ contentType: 'text/plain', size: 1, sha256: '00', blob: `${open.id}/b${n}`, from: null, recipients: null },
      ...{ access: n === 0 ? ('private' as const) : ('public' as const), at: Date.now() },
    })
  }
  const early = await house.call('POST', `${there}/protect`, { before: '2001-01-01T00:00:00Z' })
  assert.deepEqual([early.status, early.body.changed, early.body.remaining], [200, 0, false])
  const lines = await house.call('POST', `${there}/protect`, {}, { accept: 'application/x-ndjson' })
  const told = lines.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    told.map(({ changed, remaining }) => [changed, remaining]),
    [
      [500, true],
      [700, false],
    ],
  )
  const back = await house.call('POST', `${there}/unprotect`)
  assert.deepEqual([back.body.changed, back.body.remaining], [700, false])
  assert.equal((await records.attachments.find(open.id, 'a0'))?.access, 'private')
})

test('an app that is deleted during an upload leaves nothing, and is told', async () => {
  const { body: brief } = await house.call('POST', '/v1/apps', { name: 'B' })
  const there = `/v1/apps/${brief.id}/attachments`
  assert.equal((await send(there, [['file', file('x')]])).status, 201)
  const before = (await stored()).length
  // Deleted by somebody else, so that the server learns of it while it stores the file.
  await house.parts.records.changes.append({ kind: 'app', app: brief.id, to: 'deleted' }, 'operator', Date.now())
  const late = await send(there, [['file', file('y')]])
  assert.deepEqual([late.status, late.body.code], [404, 'not_found'])
  assert.equal((await stored()).length, before)
})

test('an app can allow some formats only, by extension and by what the bytes show', async () => {
  const { body: strict } = await house.call('POST', '/v1/apps', {
    name: 'Strict',
    settings: { allowedExtensions: ['png', 'txt'] },
  })
  const before = (await stored()).length
  const rows: readonly [filename: string, bytes: Buffer, status: number, detail?: RegExp][] = [
    ['a.png', PNG, 201],
    ['a.txt', Buffer.from('grüße'), 201],
    ['a.exe', PNG, 415, /extension/],
    ['a.png', Buffer.from('MZ\x90\x00 a program'), 415, /whatever the name says|recognised/],
    ['a.png', Buffer.from('hello'), 415, /recognised/],
    ['a.txt', Buffer.from([0x68, 0x00, 0xff]), 415, /recognised/],
  ]
  for (const [filename, bytes, status, detail] of rows) {
    const answer = await send(`/v1/apps/${strict.id}/attachments`, [['file', file(bytes), filename]])
    assert.equal(answer.status, status, `${filename}: ${JSON.stringify(answer.body)}`)
    if (detail === undefined) continue
    assert.equal(answer.body.code, 'file_type_not_allowed')
    assert.match(answer.body.detail, detail)
  }
  assert.equal((await stored()).length, before + 2, 'nothing is left of what was refused')
  for (const allowedExtensions of [['.png'], ['PNG'], 'png', [1]]) {
    const answer = await house.call('PATCH', `/v1/apps/${strict.id}`, { settings: { allowedExtensions } })
    assert.equal(answer.status, 400, JSON.stringify(allowedExtensions))
  }
})
