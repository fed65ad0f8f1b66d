import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import * as jose from 'jose'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { isObject, type JsonObject, MAX_DEPTH, parseObject } from './json.ts'
import { jwsInput, type VerificationKey } from './jws.ts'
import { peekClaim, readJwt, signJwt, verifyJwt } from './jwt.ts'
import { createNodePrimitives, privateKey, publicKey, secretKey } from './node-primitives.ts'
import type { Algorithm } from './primitives.ts'
import { isProblem } from './problem.ts'

const primitives = createNodePrimitives()
const bytes = (text: string) => new TextEncoder().encode(text)

describe('base64url', () => {
  test('is what Node writes, and reads back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (some) => {
        const text = encodeBase64url(some)
        assert.equal(text, Buffer.from(some).toString('base64url'))
        assert.deepEqual(decodeBase64url(text), some)
      }),
    )
  })
  test('reads no text but the canonical spelling', () => {
    const characters = fc.constantFrom(...'ABQgwxyz019-_+/= \né€')
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 9 }), (text) => {
        const node = Buffer.from(text, 'base64url')
        const expected = node.toString('base64url') === text ? new Uint8Array(node) : null
        assert.deepEqual(decodeBase64url(text), expected)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('strict JSON', () => {
  const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  test(`goes ${MAX_DEPTH} levels deep and no deeper`, () => {
    assert.notEqual(parseObject(bytes(nested(MAX_DEPTH))), null)
    assert.equal(parseObject(bytes(nested(MAX_DEPTH + 1))), null)
  })
  const refused = [
    '',
    '1',
    '[]',
    'null',
    '"{}"',
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"b":[{"a":1,"a":2}]}',
    '{a:1}',
    '{}{}',
    "{'a':1}",
  ]
  for (const text of [
    ...refused,
    '{"a":1,}',
    '{"a":"\n"}',
    '{"__proto__":1}',
    '{"a":{"__proto__":{}}}',
    '\ufeff{}',
    '{"a":"',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseObject(bytes(text)), null))
  }
  const tricky = {
    'a:b': ':{[',
    '\\"': '\\',
    '"': '"}',
    constructor: 1,
    '': [{ '': '' }, ['{', ']']],
    x: { toString: null },
  }
  test('is not misled by what stands in strings', () =>
    assert.deepEqual(parseObject(bytes(JSON.stringify(tricky))), tricky))
  test('reads every object that JSON writes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true }), (object) => {
        const text = JSON.stringify(object)
        const expected = text.includes('"__proto__":') ? null : JSON.parse(text)
        if (!text.includes('__proto__')) assert.deepEqual(parseObject(bytes(text)), expected)
      }),
    )
  })
  test('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (some) => assert.doesNotThrow(() => parseObject(some))))
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\a1'), maxLength: 14 }), (text) => {
        const read = parseObject(bytes(text))
        if (read !== null) assert.deepEqual(read, JSON.parse(text))
      }),
      { numRuns: 5000 },
    )
  })
})

/** Keys for both sides: ours as handles, jose's as it likes them. */
function pairOf(alg: Algorithm) {
  if (alg.startsWith('HS')) {
    const secret = randomBytes(64)
    const ours: VerificationKey = { kid: 'k1', alg, handle: secretKey(secret) }
    return {
      signing: ours,
      verifying: ours,
      jose: { signing: secret as jose.CryptoKey | Uint8Array, verifying: secret as jose.CryptoKey | Uint8Array },
    }
  }
  const pair =
    alg === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
  const secret = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const open = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string
  return {
    signing: { kid: 'k1', alg, handle: privateKey(secret, alg) },
    verifying: { kid: 'k1', alg, handle: publicKey(open, alg) },
    jose: { signing: pair.privateKey, verifying: pair.publicKey },
  }
}

describe('JWTs and jose', () => {
  const algorithms: Algorithm[] = ['HS256', 'HS384', 'HS512', 'RS256', 'RS512', 'PS256', 'ES256', 'EdDSA']
  for (const alg of algorithms) {
    const keys = pairOf(alg)
    const claims = fc.record(
      {
        sub: fc.string(),
        iat: fc.nat(),
        grants: fc.array(fc.dictionary(fc.constantFrom('a', 'b'), fc.string(), { noNullPrototype: true }), {
          maxLength: 3,
        }),
      },
      { noNullPrototype: true },
    )
    test(`${alg}: jose reads what is signed here`, async () => {
      await fc.assert(
        fc.asyncProperty(claims, async (some) => {
          const token = signJwt(some as JsonObject, keys.signing, primitives)
          const { payload, protectedHeader } = await jose.jwtVerify(token, keys.jose.verifying as jose.CryptoKey, {
            algorithms: [alg],
          })
          assert.deepEqual([payload, protectedHeader], [some, { typ: 'JWT', alg, kid: 'k1' }])
        }),
        { numRuns: 20 },
      )
    })
    test(`${alg}: what jose signs is read here`, async () => {
      await fc.assert(
        fc.asyncProperty(claims, async (some) => {
          const token = await new jose.SignJWT(some)
            .setProtectedHeader({ alg, kid: 'k1' })
            .sign(keys.jose.signing as jose.CryptoKey)
          const read = readJwt(token)
          assert.ok(!isProblem(read))
          assert.deepEqual(verifyJwt(read, keys.verifying, primitives), some)
        }),
        { numRuns: 20 },
      )
    })
    test(`${alg}: one changed character is refused`, () => {
      const token = signJwt({ sub: 'ada' }, keys.signing, primitives)
      fc.assert(
        fc.property(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_.'), (at, character) => {
          if (token[at] === character) return
          const changed = token.slice(0, at) + character + token.slice(at + 1)
          const read = readJwt(changed)
          const accepted = !isProblem(read) && !isProblem(verifyJwt(read, keys.verifying, primitives))
          assert.ok(!accepted, changed)
        }),
        { numRuns: 60 },
      )
    })
  }
})

describe('a JWT', () => {
  const key: VerificationKey = { kid: null, alg: 'HS256', handle: secretKey('secret') }
  test('of a key without id names none', () => {
    assert.deepEqual(readHeader(signJwt({}, key, primitives)), { typ: 'JWT', alg: 'HS256' })
  })
  test('can be signed elsewhere', () => {
    const input = jwsInput(key, bytes('{"a":1}'))
    const token = `${input}.${encodeBase64url(primitives.mac(key.handle, input))}`
    const read = readJwt(token)
    assert.ok(!isProblem(read))
    assert.deepEqual(verifyJwt(read, key, primitives), { a: 1 })
  })
  test('cannot choose its algorithm through extra members of the header', () => {
    const input = jwsInput({ kid: 'k1', alg: 'HS256' }, bytes('{}'), { alg: 'none', kid: 'other' })
    assert.deepEqual(readHeader(`${input}.AAAA`), { alg: 'HS256', kid: 'k1' })
  })
  test('shows single texts for finding its key, and nothing else', () => {
    const read = readJwt(signJwt({ apikey: 'k1', number: 7, long: 'x'.repeat(129) }, key, primitives))
    assert.ok(!isProblem(read))
    assert.deepEqual(
      ['apikey', 'number', 'long', 'missing', 'constructor'].map((name) => peekClaim(read, name)),
      ['k1', null, null, null, null],
    )
  })
  test('whose claims look like a problem is none', () => {
    const read = readJwt(signJwt({ reason: 'token_revoked', detail: 'x' }, key, primitives))
    assert.ok(!isProblem(read))
    assert.ok(!isProblem(verifyJwt(read, key, primitives)))
  })
})

function readHeader(token: string): unknown {
  const read = readJwt(token)
  return isProblem(read) ? read : isObject(read.header) && { ...read.header }
}
