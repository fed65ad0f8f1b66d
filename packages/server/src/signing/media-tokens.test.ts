import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { resourceOf } from '@gatehouse/core/resource'
import { openApi } from '../../test/api.ts'

const house = await openApi()
after(() => house.close())
const { issuer } = house.parts
const { id: app } = (await house.call('POST', '/v1/apps', { name: 'Chat' })).body

/** More than may wait for the one thread that signs. */
const CROWD = 5000

function issue(conversation: string): Promise<readonly string[]> {
  const resources = [resourceOf('apps', app, 'conversations', conversation)]
  return issuer.mediaTokens({ app, resources, seconds: 60, notAfter: null })
}

/** The claims of a token. */
function claimsOf(token: string): { readonly iat: number; readonly exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

test('a place that a crowd asks for in one second is signed for once', async () => {
  const tokens = (await Promise.all(Array.from({ length: CROWD }, () => issue('team')))).flat()
  assert.equal(tokens.length, CROWD)
  const ofSecond = new Map<number, string>()
  for (const token of tokens) {
    const { iat, exp } = claimsOf(token)
    assert.equal(exp - iat, 60)
    assert.equal(ofSecond.get(iat) ?? token, token)
    ofSecond.set(iat, token)
  }
})

test('more places than can be signed for are refused, and the next ones are answered again', async () => {
  const crowd = await Promise.allSettled(Array.from({ length: CROWD }, (_, index) => issue(`talk-${index}`)))
  const refused = crowd.filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 0 && refused.length < CROWD, `${refused.length} refused`)
  for (const one of refused) {
    assert.equal(one.status === 'rejected' && one.reason.code, 'unavailable')
  }
  assert.equal((await issue('talk-0')).length, 1)
})
