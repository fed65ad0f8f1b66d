import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_MEDIA_SECONDS, type MediaScope, mediaScope, parseMediaClaims, printMediaClaims } from './media.ts'
import { isProblem } from './problem.ts'
import { isId, isSegment, parseResource, resourceOf } from './resource.ts'

const KEY = 'AbCdEf0123456789-_xyzXYZ'
const FORMS: readonly (readonly [path: string, scope: MediaScope | null])[] = [
  ['/apps/a', { kind: 'app', app: 'a', conversation: null }],
  ['/apps/a/conversations/c', { kind: 'conversation', app: 'a', conversation: 'c' }],
  [`/apps/a/conversations/c/${KEY}/x.png`, { kind: 'file', app: 'a', conversation: 'c' }],
  [`/apps/a/${KEY}/x.png`, { kind: 'file', app: 'a', conversation: null }],
  [
    `/apps/conversations/conversations/conversations/${KEY}/conversations`,
    { kind: 'file', app: 'conversations', conversation: 'conversations' },
  ],
  ['/', null],
  ['/apps', null],
  ['/users/a', null],
  ['/apps/a/conversations', null],
  [`/apps/a/${KEY}`, null],
  [`/apps/a/conversations/c/${KEY}`, null],
  [`/apps/a/${KEY}/x.png/y`, null],
  [`/apps/a/conversations/c/${KEY}/x.png/y`, null],
  [`/apps/a/${KEY.slice(1)}/x.png`, null],
  [`/apps/a/${KEY}A/x.png`, null],
  ['/apps/a/streams/s', null],
  ['/apps/a/rooms/r', null],
]

test('media: a token is for an app, a conversation or a file, and for nothing else', () => {
  for (const [path, scope] of FORMS) {
    const resource = parseResource(path)
    ok(resource, path)
    deepEqual(mediaScope(resource), scope, path)
  }
})

const id = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }).filter((text) => isId(text))
const name = fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }).filter((text) => isSegment(text))
const place = fc.oneof(
  fc.tuple(id).map(([app]) => ['apps', app]),
  fc.tuple(id, id).map(([app, talk]) => ['apps', app, 'conversations', talk]),
  fc.tuple(id, id, name).map(([app, talk, file]) => ['apps', app, 'conversations', talk, KEY, file]),
  fc.tuple(id, name).map(([app, file]) => ['apps', app, KEY, file]),
)

test('media: what is printed is read as it was', () => {
  fc.assert(
    fc.property(place, fc.nat(4e9), fc.integer({ min: 1, max: MAX_MEDIA_SECONDS }), (segments, began, seconds) => {
      const claims = { resource: resourceOf(...segments), issuedAt: began * 1000, expiresAt: (began + seconds) * 1000 }
      const printed = printMediaClaims(claims)
      deepEqual(Object.keys(printed), ['path', 'exp', 'iat'])
      deepEqual(parseMediaClaims(printed), claims)
    }),
  )
})

test('media: whatever else is claimed is a problem, and never throws', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('path', 'exp', 'iat', 'sub', 'nbf'), fc.jsonValue()), (claims) => {
      equal(isProblem(parseMediaClaims(claims as never)), true)
    }),
  )
})
