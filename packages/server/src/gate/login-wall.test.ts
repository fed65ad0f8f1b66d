import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type GateFixture, openGate } from '../../test/gate.ts'
import type { Credential } from './credential.ts'

let house: GateFixture
before(async () => {
  house = await openGate()
})
after(() => house.close())

const mac = (text: string): Credential => ({ form: 'mac', text })

test('the login wall keeps out single users who come without its word, and them alone', async () => {
  const app = 'walled'
  await house.app(app)
  await house.group(app, 'c', ['ann', 'bob'])
  const [file, bob, links] = [await house.share(app, 'c'), await house.login(app, 'bob'), await house.links(app)]
  const { id: session, userSerial, sequence } = bob
  const pass = mac(links.pass({ session, userSerial, sequence }))
  const link = mac(links.token(file, { id: 'bob', serial: userSerial }))
  const facts = { subjectSerial: userSerial, session, sequence }
  const url: Credential = { form: 'presigned', parts: links.presigned(file.path, facts, house.clock) }
  const key = await house.key(app, [{ actions: ['read'], resource: `/apps/${app}` }])
  const service = mac(links.service(file, key.serial, house.clock))
  const digest = 'sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b'
  await house.change({ kind: 'settings', app, settings: { loginWallSecret: digest } })
  for (const [name, credential] of Object.entries({ pass, link, url })) {
    assert.equal(await house.read(file.path, credential), 'wall_missing', name)
    for (const word of ['', 'Secret', 'secret ', digest, 'secret, secret']) {
      const headers = { 'x-gatehouse-wall': word }
      assert.equal(await house.read(file.path, credential, { headers }), 'wall_missing', `${name} ${word}`)
    }
    assert.equal(await house.read(file.path, credential, { headers: { 'x-gatehouse-wall': 'secret' } }), 'ok', name)
  }
  assert.equal(await house.read(file.path, service), 'ok')
  assert.equal(await house.read(file.path, { form: 'secret', text: key.secret }), 'ok')
  const forged = await house.read(file.path, mac('A'.repeat(40)), { headers: { 'x-gatehouse-wall': 'secret' } })
  assert.ok(['credential_malformed', 'signature_invalid'].includes(forged))
})
