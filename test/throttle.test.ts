import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { bearer, type Headers } from './support/client.ts'
import { startGatehouse } from './support/gatehouse.ts'
import { createApp, expect, keyed, refusal } from './support/tenant.ts'

/** What one address may cost, and what the others notice of it: nothing (security.md, P7). */

const house = await startGatehouse({
  flags: [
    '--bad-tokens-per-minute',
    '50',
    '--header-seconds',
    '1',
    '--idle-seconds',
    '2',
    '--max-connections-per-address',
    '40',
  ],
})
after(() => house.stop())
const app = await createApp(house.admin)
await app.conversation('c', ['ann', 'bob'])
const file = await app.upload(Buffer.from('x'))
const link = await app.link(file.id, 'bob')
const key = await app.key()

test('an address that keeps sending bad tokens is told to wait, in every form of credential, and no other address is', async () => {
  const forms: readonly (readonly [
    address: string,
    form: (n: number) => readonly [target: string, headers: Headers],
  ])[] = [
    ['127.0.0.2', (n: number) => [`${file.path}?t=bad${n}`, {}]],
    ['127.0.0.3', (n: number) => [file.path, bearer(`bad${n}`)]],
    ['127.0.0.4', (n: number) => [app.base, keyed({ id: key.id, secret: `bad${n}` })]],
    ['127.0.0.20', (n: number) => [`${file.path}?fat=bad${n}`, {}]],
    ['127.0.0.21', (n: number) => [file.path, { fat: `Ag${String(n).padStart(54, 'A')}` }]],
    ['127.0.0.22', (n: number) => [file.path, { apikey: `bad${n}` }]],
    [
      '127.0.0.23',
      (n: number) => [`${file.path}?Expires=${n + 1}&Signature=bad&Key-Pair-Id=${app.id}&Subject=bad`, {}],
    ],
  ]
  for (const [address, form] of forms) {
    const client = app.bare.from(address)
    let refused = 0
    for (; refused < 500; refused++) {
      const answer = await client.get(...form(refused))
      if (answer.status === 429) {
        assert.equal(refusal(answer, 429), 'too_many_bad_tokens')
        assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
        break
      }
      refusal(answer, 401)
    }
    assert.ok(refused >= 40 && refused < 500, `${address}: told to wait after ${refused}`)
    expect(await app.bare.from('127.0.0.9').get(...form(0)), 401)
    expect(await app.bare.from('127.0.0.9').get(link), 200)
    expect(await app.bare.from(address).get('/livez'), 200)
  }
})

test('an address that tries auth tokens and keys of a surface is told to wait in its words', async () => {
  for (const [address, name] of [
    ['127.0.0.24', 'authtoken'],
    ['127.0.0.25', 'apikey'],
  ] as const) {
    const client = app.bare.from(address)
    const path = name === 'authtoken' ? '/v3.0/me' : '/v3/users'
    let refused = 0
    let status = 401
    for (; refused < 500 && status === 401; refused++) {
      const answer = await client.get(path, { appid: app.id, [name]: `bad${refused}` })
      status = answer.status
      if (status === 429) assert.match(answer.text, /ERR_TOO_MANY_REQUESTS/)
    }
    assert.equal(status, 429)
    assert.ok(refused >= 40, `told to wait after ${refused}`)
  }
})

test('good credentials cost nothing, and neither does having none or an expired right', async () => {
  const client = app.bare.from('127.0.0.5')
  await app.deactivate('ann')
  const dead = await app.link(file.id, 'ann')
  for (let n = 0; n < 150; n++) {
    expect(await client.get(link), 200)
    expect(await client.get(file.path), 401)
    expect(await client.get(dead), 401)
  }
})

/** Sends a first piece, then one byte at a time, until the server hangs up; answers what it said. */
function dribble(first: string, byte: string, address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port: house.port, host: '127.0.0.1', localAddress: address })
    let said = ''
    const timer = setInterval(() => socket.write(byte), 200)
    socket.on('error', () => {})
    socket.on('data', (chunk) => (said += chunk))
    socket.on('close', () => {
      clearInterval(timer)
      resolve(said)
    })
    socket.write(first)
  })
}

test('whoever sends a header or a body too slowly, or nothing at all, is cut off', { timeout: 300_000 }, async () => {
  const authorization = keyed(key).authorization ?? ''
  const post = `POST ${app.base}/conversations/c/attachments HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n`
  const multipart = 'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n'
  const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
  const slow = [
    dribble('GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ', 'a', '127.0.0.6'),
    dribble('GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ', '', '127.0.0.6'),
    dribble('', '', '127.0.0.6'),
    dribble(post + multipart + part, '', '127.0.0.6'),
    dribble(post + multipart + part, 'a', '127.0.0.6'),
  ]
  for (const [index, said] of (await Promise.all(slow)).entries()) {
    assert.match(said, /^($|HTTP\/1\.1 4(00|01|08))/, `client ${index}`)
  }
  expect(await app.bare.from('127.0.0.6').get(link), 200)
})

test('whoever is silent after an answer, or reads no further, is cut off; whoever goes on is not', {
  timeout: 300_000,
}, async () => {
  const big = await app.upload(randomBytes(250_000))
  const head = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`
  const open = (first: string) => {
    const socket = connect({ port: house.port, host: '127.0.0.1', localAddress: '127.0.0.8' })
    socket.on('error', () => {})
    socket.write(first)
    return { socket, closed: new Promise<void>((resolve) => socket.on('close', () => resolve())) }
  }
  const silent = open(head(link))
  silent.socket.resume()
  const stalled = open(head(await app.link(big.id, 'bob')).repeat(60))
  stalled.socket.pause()

  const busy = open(head(link))
  let answers = 0
  let gone = false
  busy.socket.on('data', (chunk) => {
    answers += String(chunk).split('HTTP/1.1 200').length - 1
  })
  void busy.closed.then(() => {
    gone = true
  })
  const again = setInterval(() => busy.socket.write(head(link)), 500)
  await silent.closed
  // One that reads nothing sees the end only once it reads.
  await delay(3000)
  let received = 0
  stalled.socket.on('data', (chunk) => {
    received += chunk.length
  })
  stalled.socket.resume()
  await stalled.closed
  assert.ok(received < 60 * 250_000, `${received} bytes`)
  clearInterval(again)
  assert.equal(gone, false)
  assert.ok(answers >= 5, `${answers} answers`)
  busy.socket.destroy()
})

test('one address has so many connections and no more, and the others have theirs', async () => {
  const open = (address: string) =>
    new Promise<{ alive: boolean; close: () => void }>((resolve) => {
      const socket = connect({ port: house.port, host: '127.0.0.1', localAddress: address })
      socket.on('error', () => resolve({ alive: false, close: () => {} }))
      socket.on('close', () => resolve({ alive: false, close: () => {} }))
      socket.once('data', (chunk) =>
        resolve({ alive: String(chunk).startsWith('HTTP/1.1 200'), close: () => void socket.destroy() }),
      )
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    })
  const many = await Promise.all(Array.from({ length: 60 }, () => open('127.0.0.7')))
  assert.equal(many.filter(({ alive }) => alive).length, 40)
  const other = await open('127.0.0.8')
  assert.ok(other.alive)
  for (const { close } of [...many, other]) close()
})
