import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createResolver } from './resolver.ts'

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA' }

/** A DNS server (RFC 1035) that knows a few names and is silent about the rest of `silent.test`. */
const known: Readonly<Record<string, string>> = {
  'both.test A': '01020304',
  'both.test AAAA': '20010200000000000000000000000001',
  'four.test A': '05060708',
}
const asked: string[] = []
const server = createSocket('udp4')
server.on('message', (query, { port, address }) => {
  const labels: string[] = []
  let at = 12
  for (; query[at] !== 0; at += (query[at] ?? 0) + 1) {
    labels.push(query.subarray(at + 1, at + 1 + (query[at] ?? 0)).toString())
  }
  const question = query.subarray(12, at + 5)
  const name = labels.join('.').toLowerCase()
  asked.push(name)
  if (name.endsWith('silent.test')) return
  const data = known[`${name} ${TYPES[query.readUInt16BE(at + 1)]}`]
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(data === undefined && !name.startsWith('four') ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data === undefined ? 0 : 1, 6)
  const bytes = Buffer.from(data ?? '', 'hex')
  const record = Buffer.alloc(12)
  record.writeUInt16BE(0xc00c, 0)
  question.copy(record, 2, question.length - 4)
  record.writeUInt32BE(1, 6)
  record.writeUInt16BE(bytes.length, 10)
  server.send(Buffer.concat([head, question, ...(data === undefined ? [] : [record, bytes])]), port, address)
})
await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
const folder = await mkdtemp(join(tmpdir(), 'gatehouse-hosts-'))
const hosts = join(folder, 'hosts')
await writeFile(
  hosts,
  '127.0.0.1 localhost\n# 9.9.9.9 comment.test\n10.0.0.7\tinside.test  Alias.test # note\nfe80::7 inside.test\n',
)
after(async () => {
  server.close()
  await rm(folder, { recursive: true })
})
const resolve = createResolver({ servers: [`127.0.0.1:${server.address().port}`], hosts })

test('names have the addresses that this machine gives them, or else DNS', async () => {
  const rows: readonly (readonly [name: string, ...addresses: string[]])[] = [
    ['localhost', '127.0.0.1', '::1'],
    ['LOCALHOST.', '127.0.0.1', '::1'],
    ['a.b.localhost', '127.0.0.1', '::1'],
    ['inside.test', '10.0.0.7', 'fe80::7'],
    ['alias.test', '10.0.0.7'],
    ['both.test', '1.2.3.4', '2001:200::1'],
    ['BOTH.test.', '1.2.3.4', '2001:200::1'],
    ['four.test', '5.6.7.8'],
  ]
  for (const [name, ...addresses] of rows) assert.deepEqual(await resolve(name), addresses, name)
  assert.ok(!asked.some((name) => /localhost|inside|alias/.test(name)))
})

test('a name without addresses is told', async () => {
  for (const name of ['absent.test', 'comment.test']) await assert.rejects(resolve(name), { code: 'ENOTFOUND' }, name)
})

test('names whose servers are silent keep no other name waiting', async () => {
  let silent = 20
  const waiting = Array.from({ length: silent }, (_, n) =>
    resolve(`${n}.silent.test`).then(
      () => assert.fail('there is nobody to answer'),
      () => silent--,
    ),
  )
  assert.deepEqual(await resolve('both.test'), ['1.2.3.4', '2001:200::1'])
  assert.equal(silent, 20)
  await Promise.all(waiting)
})
