import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { startGatehouse } from './support/gatehouse.ts'
import { requestHead } from './support/raw.ts'
import { createApp } from './support/tenant.ts'

/** A response that waits behind another on its connection is under way as well: a revocation reaches it (security.md, R1). */

const house = await startGatehouse()
after(house.stop)

test('a small file waiting behind a large one is not sent once its receiver is deactivated', async () => {
  const app = await createApp(house.admin)
  await app.users('ann', 'bob')
  await app.conversation('c', ['ann', 'bob'])
  const large = await app.upload(randomBytes(24_000_000))
  const secret = randomBytes(2000)
  const small = await app.upload(secret)
  const first = requestHead('GET', await app.link(large.id, 'ann'))
  const second = requestHead('GET', await app.link(small.id, 'bob'))

  const socket = connect(house.port, '127.0.0.1')
  socket.write(first + second)
  const chunks: Buffer[] = []
  await once(socket, 'readable')
  chunks.push(socket.read() as Buffer)
  // The server has read both requests in one go and has not been able to send the first answer whole.
  const { cut } = await app.deactivate('bob')
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  const received = Buffer.concat(chunks)
  assert.equal(received.includes(secret), false)
  assert.equal(cut, 1)
})
