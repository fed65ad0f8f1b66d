import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ownVectors } from '../test/vectors.ts'
import {
  covers,
  isId,
  isSegment,
  MAX_PATH,
  parseResource,
  prefixes,
  type Resource,
  ROOT,
  resourceOf,
} from './resource.ts'
import { MAX_NAME_BYTES, safeSegment } from './segment.ts'

type Vectors = {
  good: { raw: string; path: string; segments: string[]; why: string }[]
  hostile: { raw: string; source: string }[]
  covers: { prefix: string; resource: string; covers: boolean }[]
  ids: { good: string[]; bad: string[] }
  names: { name: string; segment: string }[]
}

const vectors = ownVectors<Vectors>('resources.json')

/** Any text, with the characters that matter here more often than by chance. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...'/\\.%25fFcCeE04 \u0000\u0308aä?#;|'), maxLength: 12 }),
)
const segment = text.filter(isSegment)
const resource = fc
  .array(fc.oneof(segment, fc.constantFrom('a', 'b', 'A')), { maxLength: 6 })
  .map((all) => resourceOf(...all))

describe('parseResource', () => {
  for (const { raw, path, segments, why } of vectors.good) {
    test(`reads ${raw}: ${why}`, () => assert.deepEqual(parseResource(raw), { path, segments }))
  }
  for (const { raw, source } of vectors.hostile) {
    test(`refuses ${JSON.stringify(raw)}: ${source}`, () => assert.equal(parseResource(raw), null))
  }
  test('refuses every path longer than the longest, bare or once encoded', () => {
    assert.notEqual(parseResource(`/${'a'.repeat(MAX_PATH - 1)}`), null)
    assert.equal(parseResource(`/${'a'.repeat(MAX_PATH)}`), null)
    assert.equal(parseResource(`/${'|'.repeat(MAX_PATH / 2)}`), null)
  })
  test('reads back what it prints, and nothing has two paths', () => {
    fc.assert(
      fc.property(resource, (one) => {
        assert.deepEqual(parseResource(one.path), one)
      }),
    )
  })
  test('gives a resource that prints itself, or nothing, for any text', () => {
    fc.assert(
      fc.property(text, (raw) => {
        const read = parseResource(`/${raw}`)
        if (read !== null) assert.deepEqual(parseResource(read.path), read)
        if (read !== null && read !== ROOT) assert.ok(read.segments.every(isSegment))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('covers', () => {
  for (const row of vectors.covers) {
    test(`${row.prefix} ${row.covers ? 'covers' : 'does not cover'} ${row.resource}`, () => {
      assert.equal(covers(read(row.prefix), read(row.resource)), row.covers)
    })
  }
  test('is reflexive', () => fc.assert(fc.property(resource, (a) => covers(a, a) && covers(ROOT, a))))
  test('is transitive', () => {
    fc.assert(
      fc.property(
        resource,
        fc.array(segment, { maxLength: 2 }),
        fc.array(segment, { maxLength: 2 }),
        (a, more, evenMore) => {
          const b = resourceOf(...a.segments, ...more)
          const c = resourceOf(...b.segments, ...evenMore)
          assert.ok(covers(a, b) && covers(b, c) && covers(a, c))
        },
      ),
    )
    fc.assert(fc.property(resource, resource, resource, (a, b, c) => !(covers(a, b) && covers(b, c)) || covers(a, c)))
  })
  test('is antisymmetric', () => {
    fc.assert(fc.property(resource, resource, (a, b) => !(covers(a, b) && covers(b, a)) || a.path === b.path))
  })
  test('is true exactly for the prefixes', () => {
    fc.assert(fc.property(resource, resource, (a, b) => covers(a, b) === [...prefixes(b)].includes(a.path)))
  })
})

describe('resourceOf', () => {
  for (const bad of ['', '.', '..', 'a/b', 'a\\b', 'a\u0000', 'a\u0085', '%41', 'a\u0308', '\ud800']) {
    test(`refuses the segment ${JSON.stringify(bad)}`, () => assert.throws(() => resourceOf('apps', bad), RangeError))
  }
  test('refuses a path that would be too long', () => {
    assert.throws(() => resourceOf('a'.repeat(MAX_PATH)), RangeError)
  })
  test('without segments is the root', () => assert.equal(resourceOf(), ROOT))
})

test('prefixes go from the resource up to the root', () => {
  assert.deepEqual([...prefixes(read('/apps/a%20b/c'))], ['/apps/a%20b/c', '/apps/a%20b', '/apps', '/'])
  assert.deepEqual([...prefixes(ROOT)], ['/'])
})

describe('isId', () => {
  for (const id of vectors.ids.good) test(`takes ${JSON.stringify(id)}`, () => assert.ok(isId(id)))
  for (const id of vectors.ids.bad) test(`refuses ${JSON.stringify(id)}`, () => assert.ok(!isId(id)))
  test('counts characters, up to 128', () => {
    assert.ok(isId('a'.repeat(128)))
    assert.ok(!isId('a'.repeat(129)))
    assert.ok(isId('📷'.repeat(128)))
    assert.ok(!isId('📷'.repeat(129)))
  })
})

describe('safeSegment', () => {
  for (const row of vectors.names) {
    test(`makes ${JSON.stringify(row.segment)} of ${JSON.stringify(row.name)}`, () => {
      assert.equal(safeSegment(row.name), row.segment)
    })
  }
  test('keeps the extension of a long name', () => {
    assert.equal(safeSegment(`${'x'.repeat(300)}.jpeg`), `${'x'.repeat(195)}.jpeg`)
    assert.equal(safeSegment(`${'📷'.repeat(300)}.png`), `${'📷'.repeat(49)}.png`)
  })
  test('gives a legal segment of bounded length for any name, and changes it only once', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary', maxLength: 400 })), (name) => {
        const safe = safeSegment(name)
        assert.ok(isSegment(safe), safe)
        assert.ok(Buffer.byteLength(safe) <= MAX_NAME_BYTES)
        assert.equal(safeSegment(safe), safe)
        assert.deepEqual(parseResource(resourceOf(safe).path)?.segments, [safe])
      }),
      { numRuns: 1000 },
    )
  })
})

function read(path: string): Resource {
  const found = parseResource(path)
  assert.ok(found !== null, path)
  return found
}
