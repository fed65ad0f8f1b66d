import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { basic, targetOf } from './support/client.ts'
import { eventually, startGatehouse } from './support/gatehouse.ts'
import { type AttachmentView, createApp, expect, refusal, sendUpload } from './support/tenant.ts'

const house = await startGatehouse()
after(() => house.stop())
const app = await createApp(house.admin)
await app.users('ann', 'bob')
await app.conversation('c', ['ann', 'bob'])

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('an upload answers what it stored, and a link of a receiver gives the bytes back', async () => {
  const bytes = randomBytes(100_003)
  const answer = await sendUpload(app.admin, app.base, bytes, { name: 'holiday.bin', from: 'ann' })
  const made = expect(answer, 201).json<AttachmentView>()
  assert.match(made.id, /^[0-9a-f]{24}$/)
  assert.equal(targetOf(answer.headers.location ?? ''), `${app.base}/attachments/${made.id}`)
  assert.match(made.path, new RegExp(`^/apps/${app.id}/conversations/c/[A-Za-z0-9_-]{24}/holiday\\.bin$`))
  assert.deepEqual([made.filename, made.size, made.access], ['holiday.bin', bytes.length, 'private'])
  assert.equal(made.sha256, sha256(bytes))
  assert.equal(new Date(made.createdAt).toISOString(), made.createdAt)
  const found = expect(await app.admin.get(`${app.base}/attachments/${made.id}`), 200).json<AttachmentView>()
  assert.deepEqual([found.id, found.path, found.sha256], [made.id, made.path, made.sha256])

  refusal(await app.bare.get(made.path), 401)
  const got = expect(await app.bare.get(await app.link(made.id, 'bob')), 200)
  assert.deepEqual(got.body, bytes)
  assert.equal(got.headers['content-length'], String(bytes.length))
  assert.equal(got.headers['cache-control'], 'private, no-cache')
  assert.equal(got.headers['x-content-type-options'], 'nosniff')
  assert.match(String(got.headers['content-security-policy']), /sandbox/)
  assert.match(String(got.headers['content-security-policy']), /default-src 'none'/)
  assert.equal(got.headers['referrer-policy'], 'no-referrer')
  assert.equal(got.headers['cross-origin-resource-policy'], 'cross-origin')
  assert.equal(got.headers['accept-ranges'], 'bytes')
  assert.ok(Number.isFinite(Date.parse(String(got.headers['last-modified']))))
  assert.match(String(got.headers.etag), /^"[^"]+"$/, 'the ETag is a strong one')
})

test('HEAD answers the headers of GET and no body, for files small and large; a range is none of its business', async () => {
  for (const size of [0, 10, 300_000, 3_000_000]) {
    const link = await app.link((await app.upload(randomBytes(size))).id, 'bob')
    const get = expect(await app.bare.get(link), 200)
    // RFC 9110, section 14.2: ranges are defined for GET only.
    for (const headers of [{}, { range: 'bytes=5-9' }]) {
      const head = expect(await app.bare.head(link, headers as Record<string, string>), 200)
      assert.equal(head.body.length, 0)
      assert.deepEqual(lasting(head.headers), lasting(get.headers))
    }
  }
})

test('a condition is judged after the right to look, and a 304 carries the validators', async () => {
  const made = await app.upload(Buffer.from('conditional'))
  const link = await app.link(made.id, 'bob')
  const { etag = '', 'last-modified': modified = '' } = (await app.bare.get(link)).headers
  for (const headers of [
    { 'if-none-match': etag },
    { 'if-none-match': `"x", W/${etag}` },
    { 'if-none-match': '*' },
    { 'if-modified-since': modified },
  ]) {
    const answer = expect(await app.bare.get(link, headers as Record<string, string>), 304)
    assert.equal(answer.headers.etag, etag)
    assert.equal(answer.headers['cache-control'], 'private, no-cache')
    assert.equal(answer.body.length, 0)
  }
  expect(await app.bare.get(link, { 'if-none-match': '"other"' }), 200)
  expect(await app.bare.get(link, { 'if-match': '"other"' }), 412)
  expect(await app.bare.get(link, { 'if-none-match': '"other"', 'if-modified-since': modified }), 200)
  refusal(await app.bare.get(made.path, { 'if-none-match': etag }), 401)
  refusal(await app.bare.get(made.path, { range: 'bytes=999999-' }), 401)
  await app.deactivate('bob')
  refusal(await app.bare.get(link, { 'if-none-match': etag }), 401)
  await app.activate('bob')
  expect(await app.bare.get(link, { 'if-none-match': etag }), 304)
})

test('one byte range is served, an impossible one is 416, several are answered with the whole', async () => {
  const bytes = randomBytes(1_000_000)
  const link = await app.link((await app.upload(bytes)).id, 'bob')
  const rows: readonly (readonly [range: string, start: number, end: number])[] = [
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=999999-', 999_999, 999_999],
    ['bytes=500000-', 500_000, 999_999],
    ['bytes=-1', 999_999, 999_999],
    ['bytes=-2000000', 0, 999_999],
    ['bytes=0-9999999999999', 0, 999_999],
  ]
  for (const [range, start, end] of rows) {
    const answer = expect(await app.bare.get(link, { range }), 206)
    assert.equal(answer.headers['content-range'], `bytes ${start}-${end}/1000000`, range)
    assert.deepEqual(answer.body, bytes.subarray(start, end + 1), range)
    assert.equal(answer.headers['cache-control'], 'private, no-cache')
  }
  for (const range of ['bytes=1000000-', 'bytes=-0']) {
    const answer = expect(await app.bare.get(link, { range }), 416)
    assert.deepEqual([answer.headers.etag, answer.headers['content-type']], [undefined, undefined])
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.equal(answer.headers['cross-origin-resource-policy'], 'cross-origin')
    assert.match(answer.headers.vary ?? '', /Authorization, Cookie, Origin/)
    assert.equal(answer.headers['content-range'], 'bytes */1000000', range)
  }
  for (const range of ['bytes=0-1,5-6', 'bytes=9-1', 'bytes=x-', 'lines=1-2', 'bytes=', 'bytes=-', 'bytes=1-2-3']) {
    assert.deepEqual(expect(await app.bare.get(link, { range }), 200).body, bytes, range)
  }
  const { etag = '' } = (await app.bare.get(link)).headers
  expect(await app.bare.get(link, { range: 'bytes=0-9', 'if-range': etag }), 206)
  expect(await app.bare.get(link, { range: 'bytes=0-9', 'if-range': '"older"' }), 200)
})

test('an empty file is a file like any other', async () => {
  const made = await app.upload(Buffer.alloc(0), { name: 'empty.bin' })
  const link = await app.link(made.id, 'bob')
  assert.equal(made.sha256, sha256(Buffer.alloc(0)))
  assert.equal(expect(await app.bare.get(link), 200).headers['content-length'], '0')
  assert.equal(expect(await app.bare.get(link, { range: 'bytes=0-' }), 416).headers['content-range'], 'bytes */0')
})

test('any name survives in Content-Disposition, and none can split a header or bend the path', async () => {
  const names = [
    'übersicht €.bin',
    '日本語.bin',
    '😀.bin',
    'a "quoted" name.bin',
    "it's 100%.bin",
    '%41.bin',
    '..',
    'a;b=c.bin',
  ]
  names.push('שלום.bin', 'e\u0301.bin', '.htaccess', 'con', `${'x'.repeat(230)}.bin`, 'tail .', 'a\tb.bin')
  for (const name of names) {
    const made = await app.upload(Buffer.from(name), { name })
    assert.equal(made.path.split('/').length, 7, `one segment for ${name}: ${made.path}`)
    const answer = expect(await app.bare.get(await app.link(made.id, 'bob')), 200)
    const header = String(answer.headers['content-disposition'])
    assert.match(header, /^[\x20-\x7e]*$/)
    assert.equal(nameIn(header).normalize('NFC'), made.filename.normalize('NFC'))
    if (!/["%\t]/.test(name)) assert.equal(made.filename.normalize('NFC'), name.normalize('NFC'))
  }
})

test('what a browser could run is never shown inline', async () => {
  const script = '<script>alert(1)</script>'
  const rows = [
    ['page.html', 'text/html', `<!doctype html><html>${script}</html>`],
    ['drawing.svg', 'image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`],
    ['feed.xml', 'application/xml', `<?xml version="1.0"?><x>${script}</x>`],
    ['photo.png', 'image/png', `<html>${script}</html>`],
    ['photo.jpg', 'text/html', script],
    ['unknown', 'application/x-unknown', 'what is this'],
  ] as const
  for (const [name, type, text] of rows) {
    const made = await app.upload(Buffer.from(text), { name, type })
    const answer = expect(await app.bare.get(await app.link(made.id, 'bob')), 200)
    assert.match(String(answer.headers['content-disposition']), /^attachment/, name)
    assert.match(String(answer.headers['content-security-policy']), /sandbox/, name)
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', name)
    if (name.startsWith('photo')) assert.equal(answer.headers['content-type'], 'application/octet-stream', name)
  }
  const shown = await app.upload(PNG, { name: 'dot.png', type: 'image/png' })
  const answer = expect(await app.bare.get(await app.link(shown.id, 'bob')), 200)
  assert.equal(answer.headers['content-type'], 'image/png')
  assert.match(String(answer.headers['content-disposition']), /^inline/)
})

test('an upload with a Content-Encoding is refused', async () => {
  const answer = await app.admin.post(`${app.base}/conversations/c/attachments`, Buffer.from('x'), {
    'content-type': 'multipart/form-data; boundary=x',
    'content-encoding': 'gzip',
  })
  refusal(answer, 415)
})

test('a public attachment ignores every credential that comes along', async () => {
  const made = await app.upload(Buffer.from('for all'), { access: 'public' })
  assert.equal(targetOf(made.url), made.path)
  const other = await app.link((await app.upload(Buffer.from('x'))).id, 'bob')
  const query = other.slice(other.indexOf('?'))
  await app.deactivate('bob')
  for (const target of [made.path, `${made.path}?t=nonsense`, `${made.path}${query}`]) {
    for (const headers of [{}, basic('nobody', 'x'), { authorization: 'Bearer x' }, { cookie: 'gatehouse_media=x' }]) {
      assert.equal(expect(await app.bare.get(target, headers as Record<string, string>), 200).text, 'for all')
    }
  }
  await app.activate('bob')
})

test('the switch decides at the moment of sharing and breaks no link either way', async () => {
  const switched = await createApp(house.admin, { tokenizedMedia: false, attachmentsAccess: 'public' })
  await switched.conversation('c', ['ann', 'bob'])
  const old = await switched.upload(Buffer.from('old'))
  assert.equal(old.access, 'public')
  assert.equal(await switched.link(old.id, 'bob'), old.path, 'the link of a public attachment has no token')
  await switched.settings({ tokenizedMedia: true })
  expect(await switched.bare.get(old.path), 200)
  const fresh = await switched.upload(Buffer.from('new'))
  assert.equal(fresh.access, 'private')
  refusal(await switched.bare.get(fresh.path), 401)
  const link = await switched.link(fresh.id, 'bob')
  await switched.settings({ tokenizedMedia: false })
  expect(await switched.bare.get(link), 200)
  refusal(await switched.bare.get(fresh.path), 401)
  expect(await switched.bare.get(old.path), 200)

  const settled = (path: string, status: number) =>
    eventually(`${status} for ${path}`, async () => (await switched.bare.get(path)).status === status || undefined)
  expect(await switched.admin.post(`${switched.base}/attachments/protect`, {}), 200, 202)
  await settled(old.path, 401)
  const guarded = await switched.link(old.id, 'bob')
  assert.notEqual(guarded, old.path)
  expect(await switched.bare.get(guarded), 200)
  expect(await switched.admin.post(`${switched.base}/attachments/unprotect`, {}), 200, 202)
  await settled(old.path, 200)
  refusal(await switched.bare.get(fresh.path), 401)
})

/** Headers that belong to the thing and not to the moment. */
function lasting({
  date: _date,
  'x-request-id': _id,
  connection: _c,
  'keep-alive': _k,
  ...headers
}: Record<string, unknown>) {
  return headers
}

/** The file name that a browser would read (RFC 6266, section 4.3: `filename*` wins). */
function nameIn(header: string): string {
  const extended = /filename\*=UTF-8''([^;\s]+)/i.exec(header)?.[1]
  if (extended !== undefined) return decodeURIComponent(extended)
  return (/filename="((?:[^"\\]|\\.)*)"/.exec(header)?.[1] ?? '').replace(/\\(.)/g, '$1')
}
