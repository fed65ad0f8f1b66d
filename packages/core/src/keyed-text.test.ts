import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ownVectors } from '../test/vectors.ts'
import { looksLikeLink, makeLink, readLink } from './link.ts'
import { createNodePrimitives, secretKey } from './node-primitives.ts'
import { looksLikePass, makePass, type PassFacts, readPass, verifyPass } from './pass.ts'
import {
  makePresigned,
  type PresignedFacts,
  type PresignedTexts,
  presignedUntil,
  readPresigned,
  verifyPresigned,
} from './presigned.ts'
import { looksLikeService, makeService, readService, type ServiceFacts, verifyService } from './service.ts'

const primitives = createNodePrimitives()
const SECRET = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex')
const key = secretKey(SECRET)
const otherKey = secretKey('another key')
const path = '/apps/demo/conversations/team-1/AAAAAAAAAAAAAAAAAAAAAAAA/photo.jpg'
const session = '0a1b2c3d4e5f60718293a4b5'

type Vectors = {
  key: string
  passes: (PassFacts & { text: string })[]
  services: (ServiceFacts & { text: string })[]
  presigned: (PresignedFacts & { texts: PresignedTexts })[]
  malformed: Record<'pass' | 'service', { why: string; text: string }[]>
  forged: {
    pass: { why: string; app: string; text: string }[]
    service: { why: string; path: string; text: string }[]
    presigned: { why: string; path: string; texts: PresignedTexts }[]
  }
}

const vectors = ownVectors<Vectors>('keyed-texts.json')

describe('the vectors of keyed texts', () => {
  const signed = secretKey(Buffer.from(vectors.key, 'hex'))
  for (const { text, ...facts } of vectors.passes) {
    test(`pass of user ${facts.userSerial} in ${facts.app} at ${facts.sequence}`, () => {
      assert.equal(makePass(facts, signed, primitives), text)
      assert.ok(verifyPass(readPass(text) ?? assert.fail(), facts.app, signed, primitives))
    })
  }
  for (const { text, ...facts } of vectors.services) {
    test(`service token of key ${facts.keySerial} until ${facts.expires}`, () => {
      assert.equal(makeService(facts, signed, primitives), text)
      assert.ok(verifyService(readService(text) ?? assert.fail(), facts.path, signed, primitives))
    })
  }
  for (const { texts, ...facts } of vectors.presigned) {
    test(`pre-signed URL of user ${facts.userSerial}, session ${facts.session}`, () => {
      assert.deepEqual(makePresigned(facts, signed, primitives), texts)
      assert.ok(verifyPresigned(readPresigned(texts) ?? assert.fail(), facts.path, signed, primitives))
    })
  }
  for (const { why, text } of vectors.malformed.pass) {
    test(`no pass: ${why}`, () => assert.equal(readPass(text), null))
  }
  for (const { why, text } of vectors.malformed.service) {
    test(`no service token: ${why}`, () => assert.equal(readService(text), null))
  }
  for (const { why, app, text } of vectors.forged.pass) {
    test(`a pass that does not hold: ${why}`, () => {
      assert.ok(!verifyPass(readPass(text) ?? assert.fail(), app, signed, primitives))
    })
  }
  for (const { why, path: place, text } of vectors.forged.service) {
    test(`a service token that does not hold: ${why}`, () => {
      assert.ok(!verifyService(readService(text) ?? assert.fail(), place, signed, primitives))
    })
  }
  for (const { why, path: place, texts } of vectors.forged.presigned) {
    test(`a pre-signed URL that does not hold: ${why}`, () => {
      assert.ok(!verifyPresigned(readPresigned(texts) ?? assert.fail(), place, signed, primitives))
    })
  }
})

/** The same MAC, made by hand. */
const mac = (purpose: string, bound: string, shown: Uint8Array, length: number) =>
  createHmac('sha256', SECRET).update(`${purpose}\0${bound}\0`).update(shown).digest().subarray(0, length)

const serial = fc.integer({ min: 0, max: 2 ** 40 - 1 })
const sequence = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const sessions = fc.stringMatching(/^[0-9a-f]{24}$/)
const character = fc.constantFrom(...'AQgwz09-_.=/ ')

/** Every spelling that differs in one place, is cut or goes on. */
function respelt(text: string, at: number, one: string): readonly string[] {
  const changed = text.slice(0, at) + one + text.slice(at + 1)
  return [changed, text.slice(0, at), `${text}A`, `${text}=`, `A${text}`, ` ${text}`].filter((each) => each !== text)
}

describe('a media pass', () => {
  const facts: PassFacts = { app: 'demo', userSerial: 7, session, sequence: 42 }
  const pass = makePass(facts, key, primitives)
  const read = () => readPass(pass) ?? assert.fail()

  test('is version, serial, sequence, session and the start of a MAC', () => {
    const bytes = Buffer.from(pass, 'base64url')
    assert.equal(bytes.subarray(0, 22).toString('hex'), `02${'0000000007'}${'0000002a'}${session}`)
    assert.deepEqual(bytes.subarray(22), mac('gatehouse media pass v1', 'demo', bytes.subarray(0, 22), 20))
  })
  test('fits wherever clients put it: raw in URLs, percent-decoded in headers', () => {
    assert.match(pass, /^[A-Za-z0-9_-]{1,64}$/)
    assert.equal(decodeURIComponent(pass), pass)
    assert.equal(encodeURIComponent(pass), pass)
  })
  test('reads back what it was made of, and is told from the other kinds by its form', () => {
    fc.assert(
      fc.property(serial, sequence, sessions, fc.string(), (userSerial, at, id, app) => {
        const text = makePass({ app, userSerial, session: id, sequence: at }, key, primitives)
        const back = readPass(text) ?? assert.fail()
        assert.deepEqual([back.userSerial, back.sequence, back.session], [userSerial, at, id])
        assert.ok(looksLikePass(text) && !looksLikeLink(text) && !looksLikeService(text))
        assert.ok(readLink(text) === null && readService(text) === null)
        assert.ok(verifyPass(back, app, key, primitives))
      }),
    )
  })
  test('holds under its key and in its app alone', () => {
    assert.ok(verifyPass(read(), 'demo', key, primitives))
    assert.ok(!verifyPass(read(), 'demo', otherKey, primitives))
    for (const app of ['', 'dem', 'demo2', 'demo\0', 'DEMO']) assert.ok(!verifyPass(read(), app, key, primitives), app)
  })
  test('does not hold in any other spelling', () => {
    fc.assert(
      fc.property(fc.nat(pass.length - 1), character, (at, one) => {
        for (const text of respelt(pass, at, one)) {
          const other = readPass(text)
          assert.ok(other === null || !verifyPass(other, 'demo', key, primitives), text)
        }
      }),
    )
  })
  for (const wrong of [
    { userSerial: -1 },
    { userSerial: 2 ** 40 },
    { userSerial: 0.5 },
    { userSerial: Number.NaN },
    { sequence: 2 ** 32 },
    { session: '' },
    { session: session.toUpperCase() },
    { session: `${session}00` },
  ]) {
    test(`cannot carry ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => makePass({ ...facts, ...wrong }, key, primitives), RangeError)
    })
  }
})

describe('a service token', () => {
  const facts: ServiceFacts = { path, keySerial: 3, sequence: 42, expires: 1_700_003_600 }
  const token = makeService(facts, key, primitives)

  test('is version, serial, sequence, end and the start of a MAC', () => {
    const bytes = Buffer.from(token, 'base64url')
    assert.equal(bytes.subarray(0, 15).toString('hex'), `04${'0000000003'}${'0000002a'}${'006553ff10'}`)
    assert.deepEqual(bytes.subarray(15), mac('gatehouse service token v1', path, bytes.subarray(0, 15), 16))
    assert.match(token, /^[A-Za-z0-9_-]{1,43}$/)
  })
  test('reads back what it was made of, and is told from the other kinds by its form', () => {
    fc.assert(
      fc.property(serial, sequence, serial, fc.webPath(), (keySerial, at, expires, place) => {
        const text = makeService({ path: place, keySerial, sequence: at, expires }, key, primitives)
        const back = readService(text) ?? assert.fail()
        assert.deepEqual([back.keySerial, back.sequence, back.expires], [keySerial, at, expires])
        assert.ok(looksLikeService(text) && !looksLikeLink(text) && !looksLikePass(text))
        assert.ok(readLink(text) === null && readPass(text) === null)
        assert.ok(verifyService(back, place, key, primitives))
      }),
    )
  })
  test('holds under its key and at its path alone, in one spelling', () => {
    const read = readService(token) ?? assert.fail()
    assert.ok(!verifyService(read, path, otherKey, primitives))
    assert.ok(!verifyService(read, `${path}x`, key, primitives))
    assert.ok(!verifyService(read, path.slice(0, -1), key, primitives))
    fc.assert(
      fc.property(fc.nat(token.length - 1), character, (at, one) => {
        for (const text of respelt(token, at, one)) {
          const other = readService(text)
          assert.ok(other === null || !verifyService(other, path, key, primitives), text)
        }
      }),
    )
  })
  for (const wrong of [{ keySerial: -1 }, { keySerial: 2 ** 40 }, { sequence: -1 }, { expires: Number.NaN }]) {
    test(`cannot carry ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => makeService({ ...facts, ...wrong }, key, primitives), RangeError)
    })
  }
})

describe('a pre-signed URL', () => {
  const facts: PresignedFacts = { path, userSerial: 7, session, sequence: 42, expires: 1_700_000_300 }
  const texts = makePresigned(facts, key, primitives)
  const holds = (given: PresignedTexts, place = path, by = key) => {
    const read = readPresigned(given)
    return read !== null && verifyPresigned(read, place, by, primitives)
  }

  test('signs path, end and subject', () => {
    const subject = Buffer.from(texts.subject, 'base64url')
    assert.equal(subject.toString('hex'), `03${'0000000007'}${'0000002a'}${session}`)
    const shown = Buffer.concat([Buffer.from('00006553f22c', 'hex'), subject])
    const signature = mac('gatehouse pre-signed URL v1', path, shown, 20).toString('base64url')
    assert.deepEqual(texts, { expires: '1700000300', subject: texts.subject, signature })
  })
  test('reads back what it was made of, with a session and without', () => {
    fc.assert(
      fc.property(serial, sequence, fc.option(sessions), fc.integer({ min: 1, max: 1e13 }), (user, at, id, expires) => {
        const made = { path, userSerial: user, session: id, sequence: at, expires }
        const given = makePresigned(made, key, primitives)
        const { bytes: _bytes, ...back } = readPresigned(given) ?? assert.fail()
        assert.deepEqual({ path, ...back }, made)
        assert.ok(holds(given))
      }),
    )
  })
  test('holds under its key, at its path, to its end and for its subject alone', () => {
    assert.ok(holds(texts))
    assert.ok(!holds(texts, `${path}x`))
    assert.ok(!holds(texts, path, otherKey))
    const other = makePresigned({ ...facts, userSerial: 8 }, key, primitives)
    const free = makePresigned({ ...facts, session: null }, key, primitives)
    for (const subject of [other.subject, free.subject]) assert.ok(!holds({ ...texts, subject }))
    for (const expires of ['1700000301', '17000003000', '9999999999']) assert.ok(!holds({ ...texts, expires }), expires)
    fc.assert(
      fc.property(
        fc.constantFrom('subject' as const, 'signature' as const, 'expires' as const),
        fc.nat(40),
        character,
        (name, at, one) => {
          for (const text of respelt(texts[name], at % texts[name].length, one)) {
            assert.ok(!holds({ ...texts, [name]: text }), `${name} ${text}`)
          }
        },
      ),
    )
  })
  test('has one spelling of its end', () => {
    for (const expires of [
      '',
      '0',
      '01700000300',
      '+1700000300',
      '1700000300.0',
      '1.7e9',
      ' 1700000300',
      '-1',
      'NaN',
    ]) {
      assert.equal(readPresigned({ ...texts, expires }), null, expires)
    }
    assert.equal(readPresigned({ ...texts, expires: '9'.repeat(15) }), null)
    assert.ok(!holds({ ...texts, expires: '9'.repeat(14) }))
  })
  test('ends five minutes after the minute began', () => {
    for (const [at, until] of [
      [1_700_000_040_000, 1_700_000_340],
      [1_700_000_099_999, 1_700_000_340],
      [1_700_000_100_000, 1_700_000_400],
    ] as const) {
      assert.equal(presignedUntil(at), until)
    }
  })
})

test('no MAC of one kind is one of another, over the same bytes', () => {
  const link = makeLink({ path, receiverSerial: 7, sequence: 42 }, key, primitives)
  const service = makeService({ path, keySerial: 7, sequence: 42, expires: 1 }, key, primitives)
  const { signature } = makePresigned({ path, userSerial: 7, session: null, sequence: 42, expires: 1 }, key, primitives)
  const pass = makePass({ app: path, userSerial: 7, session, sequence: 42 }, key, primitives)
  const macs = [link.slice(-20), service.slice(-20), signature.slice(-20), pass.slice(-20)]
  assert.equal(new Set(macs).size, macs.length)
})
