import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ownVectors, publishedVectors } from '../test/vectors.ts'
import type { JsonObject } from './json.ts'
import { MAX_TOKEN, readJws, type VerificationKey, verifyJws } from './jws.ts'
import { readJwt, verifyJwt } from './jwt.ts'
import { createNodePrimitives, type Jwk, publicKey, secretKey } from './node-primitives.ts'
import { ALGORITHMS, type Algorithm } from './primitives.ts'
import { isProblem } from './problem.ts'

const primitives = createNodePrimitives()

type Own = {
  keys: { [name: string]: { alg: Algorithm; jwk: Jwk } }
  claims: JsonObject
  good: { why: string; key: string; token: string }[]
  hostile: { source: string; reason: string; key: string; token: string }[]
}

describe('tokens', () => {
  const vectors = ownVectors<Own>('tokens.json')
  const check = (text: string, name: string) => {
    const { alg, jwk } = vectors.keys[name] ?? assert.fail(name)
    const read = readJwt(text)
    return isProblem(read) ? read : verifyJwt(read, toKey({ ...jwk, alg, kid: name }), primitives)
  }
  for (const { why, key, token } of vectors.good) {
    test(`are accepted: ${why}`, () => assert.deepEqual(check(token, key), vectors.claims))
  }
  for (const { source, reason, key, token } of vectors.hostile) {
    test(`are refused: ${source}`, () => {
      const result = check(token, key)
      assert.ok(isProblem(result))
      assert.equal(result.reason, reason)
    })
  }
  test('are refused from one character beyond 8 KiB on, before anything is decoded', () => {
    const [header = '', payload = '', signature = ''] = vectors.good[0]?.token.split('.') ?? []
    const room = MAX_TOKEN - header.length - signature.length - 2
    const grown = (length: number) => readJws(`${header}.${'A'.repeat(length)}.${signature}`)
    assert.ok(payload.length < room)
    assert.ok(!isProblem(grown(room)))
    assert.ok(isProblem(grown(room + 4)))
  })
})

type JwsFile = {
  testGroups: {
    comment: string
    public?: WycheproofKey
    private: WycheproofKey
    tests: { tcId: number; comment: string; jws: string; result: 'valid' | 'invalid' }[]
  }[]
}
type WycheproofKey = Jwk & { kid: string; alg: Algorithm }

/** Marked valid, but header and key do not agree on the algorithm (or it does not exist), or a character is no base64url. */
const ERRATA = [346, 347, 350, 351, 372, 373]

/** Marked invalid for their padding, but without any: byte for byte the same text as test 357, which is marked valid. */
const SAME_AS_357 = [367, 370]

describe('Wycheproof JWS', () => {
  const rows = publishedVectors<JwsFile>('wycheproof/json_web_signature_test.json').testGroups.flatMap((group) =>
    group.tests.map((row) => ({ ...row, key: group.public ?? group.private, group: group.comment })),
  )
  const accepts = ({ jws, key }: (typeof rows)[number]): boolean => {
    try {
      const read = readJws(jws)
      return !isProblem(read) && !isProblem(verifyJws(read, toKey(key), primitives))
    } catch (error) {
      // A key that cannot be a key for its algorithm is refused when it is read.
      assert.ok(error instanceof Error)
      return false
    }
  }
  const twins = rows.filter(({ tcId }) => SAME_AS_357.includes(tcId))
  const invalid = rows.filter((row) => row.result === 'invalid' && !twins.includes(row))
  const valid = rows.filter(({ result, tcId }) => result === 'valid' && !ERRATA.includes(tcId))

  test('has as many vectors as it should', () => {
    assert.deepEqual([rows.length, invalid.length + twins.length, valid.length], [401, 355, 40])
  })
  for (const row of valid) {
    test(`${row.tcId} ${row.group} ${row.comment} is accepted`, () => assert.ok(accepts(row)))
  }
  for (const row of invalid) {
    test(`${row.tcId} ${row.group} ${row.comment} is refused`, () => assert.ok(!accepts(row)))
  }
  for (const id of ERRATA) {
    test(`${id}, marked valid by mistake, is refused`, () => {
      assert.ok(!accepts(rows.find(({ tcId }) => tcId === id) ?? assert.fail()))
    })
  }
  test('367 and 370 are the text of 357, so they cannot be told from it', () => {
    const original = rows.find(({ tcId }) => tcId === 357)
    assert.deepEqual(
      twins.map(({ jws, key }) => ({ jws, key })),
      SAME_AS_357.map(() => ({ jws: original?.jws, key: original?.key })),
    )
  })
  test('with padding, as they were meant, they are refused', () => {
    const [header, payload, mac] = twins[0]?.jws.split('.') ?? []
    assert.ok(isProblem(readJws(`${header}.${payload}.${mac}=`)))
    assert.ok(isProblem(readJws(`${header}.${payload}==.${mac}`)))
  })
})

type Cookbook = {
  input: { key: Jwk & { kid?: string }; alg?: Algorithm; payload: string }
  output: { compact?: string }
}

describe('the JOSE cookbook', () => {
  const good: [string, Algorithm][] = [
    ['jws/4_1.rsa_v15_signature.json', 'RS256'],
    ['jws/4_4.hmac-sha2_integrity_protection.json', 'HS256'],
    ['curve25519/jws.json', 'EdDSA'],
    ['jws/4_2.rsa-pss_signature.json', 'PS384'],
  ]
  for (const [file, alg] of good) {
    test(`${file} is accepted, and refused with one character changed`, () => {
      const { input, output } = publishedVectors<Cookbook>(`jose-cookbook/${file}`)
      const { d: _, ...publicJwk } = input.key
      const key = toKey({ ...publicJwk, alg, kid: input.key.kid ?? null })
      const read = readJws(output.compact ?? assert.fail())
      assert.ok(!isProblem(read))
      assert.equal(new TextDecoder().decode(verifyJws(read, key, primitives) as Uint8Array), input.payload)
      assert.ok(isProblem(verifyJws({ ...read, input: `${read.input}A` }, key, primitives)))
    })
  }
  test('jws/4_3.ecdsa_signature.json is refused: no algorithm here fits its key', () => {
    const { input, output } = publishedVectors<Cookbook>('jose-cookbook/jws/4_3.ecdsa_signature.json')
    const read = readJws(output.compact ?? assert.fail())
    assert.ok(!isProblem(read))
    const { d: _, ...publicJwk } = input.key
    for (const alg of ALGORITHMS) assert.throws(() => publicKey(publicJwk, alg), TypeError, alg)
  })
  for (const file of ['jws/4_5.signature_with_detached_content.json', 'rfc7797/hmac-sha2_b64_false.json']) {
    test(`${file} is refused: detached or unencoded content`, () => {
      const { output } = publishedVectors<Cookbook>(`jose-cookbook/${file}`)
      assert.ok(isProblem(readJwt(output.compact ?? assert.fail())))
    })
  }
})

/** A JWK as a verification key, as a program that reads a key set would make it. */
function toKey(jwk: Jwk & { kid: string | null; alg: Algorithm }): VerificationKey {
  const { kid, alg } = jwk
  const handle = jwk.kty === 'oct' ? secretKey(Buffer.from(String(jwk.k), 'base64url')) : publicKey(jwk, alg)
  return { kid, alg, handle }
}
