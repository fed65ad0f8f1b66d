import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { publishedVectors } from '../test/vectors.ts'
import { createNodePrimitives, privateKey, publicKey, secretKey } from './node-primitives.ts'
import type { Algorithm } from './primitives.ts'

const primitives = createNodePrimitives()
const hex = (text: string) => Buffer.from(text, 'hex')

type MacFile = {
  testGroups: {
    tagSize: number
    tests: { tcId: number; key: string; msg: string; tag: string; result: string }[]
  }[]
}
type SignatureFile = {
  testGroups: {
    publicKeyPem: string
    tests: { tcId: number; msg: string; sig: string; result: string; flags: string[] }[]
  }[]
}

describe('Wycheproof HMAC', () => {
  for (const [file, alg, size] of [
    ['hmac_sha256_test', 'HS256', 256],
    ['hmac_sha512_test', 'HS512', 512],
  ] as const) {
    const groups = publishedVectors<MacFile>(`wycheproof/${file}.json`).testGroups
    for (const { tagSize, tests } of groups) {
      test(`${alg}, ${tagSize} bits: ${tests.length} vectors from ${tests[0]?.tcId} on`, () => {
        for (const { tcId, key, msg, tag, result } of tests) {
          const full = primitives.sign(alg, secretKey(hex(key)), hex(msg))
          const cut = full.subarray(0, tagSize / 8)
          assert.equal(primitives.equal(cut, hex(tag)), result === 'valid', `${tcId}`)
          const whole = tagSize === size && result === 'valid'
          assert.equal(primitives.verify(alg, secretKey(hex(key)), hex(msg), hex(tag)), whole, `${tcId}`)
        }
      })
    }
  }
})

describe('Wycheproof signatures', () => {
  for (const [file, alg, count] of [
    ['ed25519_test', 'EdDSA', 151],
    ['rsa_signature_2048_sha256_test', 'RS256', 259],
    ['rsa_signature_4096_sha512_test', 'RS512', 259],
  ] as const) {
    const groups = publishedVectors<SignatureFile>(`wycheproof/${file}.json`).testGroups
    test(`${file} has ${count} vectors`, () => assert.equal(groups.flatMap(({ tests }) => tests).length, count))
    for (const { publicKeyPem, tests } of groups) {
      test(`${alg}: ${tests.length} vectors from ${tests[0]?.tcId} on`, () => {
        const key = publicKey(publicKeyPem, alg)
        for (const { tcId, msg, sig, result } of tests) {
          // What is merely acceptable (a missing NULL in the padding, long out of use) is not accepted.
          assert.equal(primitives.verify(alg, key, hex(msg), hex(sig)), result === 'valid', `${tcId}`)
        }
      })
    }
  }
})

describe('a MAC', () => {
  test('is the same over text and over its bytes, whatever the length', () => {
    const key = secretKey('secret')
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 8192, 8193, 24_576, 24_577, 100_000]) {
      const text = 'ä'.repeat(length)
      assert.deepEqual(primitives.mac(key, text), primitives.mac(key, Buffer.from(text)), `${length}`)
      assert.deepEqual(primitives.mac(key, text), primitives.sign('HS256', key, text))
    }
  })
  test('of RFC 4231, section 4.7 (a key longer than a block)', () => {
    const mac = primitives.mac(
      secretKey(Buffer.alloc(131, 0xaa)),
      'Test Using Larger Than Block-Size Key - Hash Key First',
    )
    assert.equal(Buffer.from(mac).toString('hex'), '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54')
  })
  test('is the caller’s own and stays what it is', () => {
    const first = primitives.mac(secretKey('secret'), 'a')
    const before = Buffer.from(first).toString('hex')
    primitives.mac(secretKey('secret'), 'b')
    assert.equal(Buffer.from(first).toString('hex'), before)
  })
})

describe('a seal', () => {
  const key = secretKey('secret')
  const seal = (text: string, shown: Buffer, length: number) => {
    const mac = createHmac('sha256', 'secret').update(`for\0${text}\0`).update(shown).digest()
    return Buffer.concat([shown, mac.subarray(0, length)])
  }
  const shown = Buffer.from('shown')

  test('holds where it is the beginning of the MAC over text and bytes', () => {
    for (const text of ['', 'a', 'ä/😀', 'x'.repeat(8000), 'x'.repeat(9000), 'ä'.repeat(30_000)]) {
      for (const length of [16, 20, 31, 32]) {
        assert.ok(
          primitives.sealed(key, 'for', text, seal(text, shown, length), shown.length),
          `${text.length} ${length}`,
        )
      }
      assert.ok(primitives.sealed(key, 'for', text, seal(text, Buffer.alloc(0), 32), 0))
    }
  })
  test('is one of the key that is asked for, whichever was used before', () => {
    const other = secretKey('another')
    for (const each of [key, other, other, key, other]) {
      const bytes = Buffer.concat([shown, Buffer.alloc(32)])
      primitives.seal(each, 'for', 'a', bytes, shown.length)
      assert.deepEqual(
        [key, other].map((one) => primitives.sealed(one, 'for', 'a', bytes, shown.length)),
        [each === key, each === other],
      )
    }
  })
  test('is one of its purpose, whatever was computed or failed in between', () => {
    const between: readonly (() => unknown)[] = [
      () => primitives.mac(key, 'a text over what stood there'),
      () => primitives.mac(secretKey('another'), Buffer.alloc(24_577)),
      () => primitives.seal(key, 'fo', 'r', Buffer.alloc(16), 0),
      () => primitives.seal(key, 'for longer', 'x'.repeat(9000), Buffer.alloc(16), 0),
      () => assert.throws(() => primitives.seal(publicKey(ed.public, 'EdDSA'), 'no', 'a', Buffer.alloc(16), 0)),
      () => assert.throws(() => primitives.seal(key, 'no', 7 as never, Buffer.alloc(16), 0)),
      () => assert.throws(() => primitives.mac(key, undefined as never)),
    ]
    for (const text of ['', 'ä/😀', 'x'.repeat(9000), 'x'.repeat(5_000_000)]) {
      for (const work of between) {
        work()
        const bytes = Buffer.concat([shown, Buffer.alloc(20)])
        primitives.seal(key, 'for', text, bytes, shown.length)
        assert.deepEqual(bytes, seal(text, shown, 20), String(work))
      }
    }
  })
  test('is written as it is checked, and touches nothing before it', () => {
    for (const text of ['', 'ä/😀', 'x'.repeat(9000)]) {
      for (const length of [16, 20, 32]) {
        const bytes = Buffer.concat([shown, Buffer.alloc(length)])
        primitives.seal(key, 'for', text, bytes, shown.length)
        assert.deepEqual(bytes, seal(text, shown, length))
      }
    }
    for (const length of [0, 15, 33]) {
      assert.throws(() => primitives.seal(key, 'for', 'a', Buffer.alloc(5 + length), 5), RangeError)
    }
    assert.throws(() => primitives.seal(key, 'for', 'a', Buffer.alloc(16), -1), RangeError)
  })
  test('does not hold with any bit changed, another text or another key', () => {
    for (const text of ['a', 'x'.repeat(9000)]) {
      const good = seal(text, shown, 20)
      for (let bit = 0; bit < good.length * 8; bit++) {
        const bad = Buffer.from(good)
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        assert.ok(!primitives.sealed(key, 'for', text, bad, shown.length), `bit ${bit}`)
      }
      assert.ok(!primitives.sealed(key, 'for', `${text}b`, good, shown.length))
      assert.ok(!primitives.sealed(key, 'fo', `r${text}`, good, shown.length))
      assert.ok(!primitives.sealed(secretKey('another'), 'for', text, good, shown.length))
      assert.ok(primitives.sealed(key, 'for', text, good, shown.length))
    }
  })
  test('does not hold where it is shorter than 16 bytes, longer than a MAC, or not there', () => {
    for (const length of [0, 1, 15]) {
      assert.ok(!primitives.sealed(key, 'for', 'a', seal('a', shown, length), shown.length))
    }
    assert.ok(!primitives.sealed(key, 'for', 'a', Buffer.concat([seal('a', shown, 32), Buffer.alloc(1)]), shown.length))
    assert.ok(!primitives.sealed(key, 'for', 'a', shown, 100))
    assert.ok(!primitives.sealed(key, 'for', 'a', seal('a', shown, 32), -1))
  })
})

const pem = (
  type: 'rsa' | 'ec' | 'ed25519',
  options: { modulusLength?: number; publicExponent?: number; namedCurve?: string },
) => {
  const pair = generateKeyPairSync(type as 'rsa', options as { modulusLength: number })
  return {
    public: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    private: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    jwk: pair.publicKey.export({ format: 'jwk' }),
    privateJwk: pair.privateKey.export({ format: 'jwk' }),
  }
}
const rsa = pem('rsa', { modulusLength: 2048 })
const ed = pem('ed25519', {})
const p256 = pem('ec', { namedCurve: 'P-256' })

describe('keys that are refused', () => {
  const rows: [string, () => unknown][] = [
    ['an empty secret', () => secretKey('')],
    ['a PEM as secret', () => secretKey(rsa.public)],
    ['a PEM as secret, in bytes', () => secretKey(Buffer.from(ed.public))],
    ['a PEM as secret, after a blank', () => secretKey(`  ${ed.public}`)],
    ['an SSH public key as secret', () => secretKey('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ user')],
    ['RSA of 1024 bits', () => publicKey(pem('rsa', { modulusLength: 1024 }).public, 'RS256')],
    ['RSA of 1024 bits, private', () => privateKey(pem('rsa', { modulusLength: 1024 }).private, 'RS256')],
    ['RSA with the exponent 1', () => publicKey({ ...rsa.jwk, e: 'AQ' }, 'RS256')],
    ['an Ed25519 key for RS256', () => publicKey(ed.public, 'RS256')],
    ['an RSA key for EdDSA', () => publicKey(rsa.public, 'EdDSA')],
    ['an RSA key for HS256', () => publicKey(rsa.public, 'HS256')],
    ['a P-384 key for ES256', () => publicKey(pem('ec', { namedCurve: 'P-384' }).public, 'ES256')],
    ['a private key as a public one', () => publicKey(rsa.private, 'RS256')],
    ['a private JWK as a public one', () => publicKey(rsa.privateJwk, 'RS256')],
    ['a public key as a private one', () => privateKey(rsa.public, 'RS256')],
    ['a JWK for another algorithm', () => publicKey({ ...rsa.jwk, alg: 'RS512' }, 'RS256')],
    ['a JWK for encryption', () => publicKey({ ...rsa.jwk, use: 'enc' }, 'RS256')],
    ['a JWK for other operations', () => publicKey({ ...rsa.jwk, key_ops: ['encrypt'] }, 'RS256')],
    ['a JWK with operations of no form', () => publicKey({ ...rsa.jwk, key_ops: 'verify' }, 'RS256')],
    ['a secret JWK', () => publicKey({ kty: 'oct', k: 'c2VjcmV0' }, 'RS256')],
    ['no key at all', () => publicKey('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'RS256')],
    [
      'a secret where a signature needs a key',
      () => primitives.verify('RS256', secretKey('s'), 'a', new Uint8Array(256)),
    ],
    ['a public key where a MAC needs a secret', () => primitives.mac(publicKey(rsa.public, 'RS256'), 'a')],
  ]
  for (const [why, act] of rows) test(why, () => assert.throws(act))
})

describe('signatures', () => {
  const rows: [Algorithm, typeof rsa][] = [
    ['RS256', rsa],
    ['RS384', rsa],
    ['RS512', rsa],
    ['PS256', rsa],
    ['PS384', rsa],
    ['PS512', rsa],
    ['ES256', p256],
    ['EdDSA', ed],
  ]
  for (const [alg, key] of rows) {
    test(`${alg} holds over what was signed and nothing else, whatever its shape`, () => {
      const [secret, open] = [privateKey(key.private, alg), publicKey(key.public, alg)]
      const signature = primitives.sign(alg, secret, 'content')
      assert.ok(primitives.verify(alg, open, 'content', signature))
      assert.ok(!primitives.verify(alg, open, 'contents', signature))
      for (const length of [0, 1, 63, 64, 65, 256, 1000]) {
        assert.ok(!primitives.verify(alg, open, 'content', new Uint8Array(length)), `${length}`)
      }
    })
  }
})
