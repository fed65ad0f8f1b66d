import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { createMediaUrls } from './media-urls.ts'

const PLAIN = { base: 'https://media.example', directBase: 'https://media.example' }
const WALLED = { base: 'https://wall.example/?to=https://media.example/m', directBase: 'https://media.example/m' }

const ROWS: readonly [why: string, text: string, place: string | null][] = [
  ['a file', 'https://media.example/apps/a/k/f.png', '/apps/a/k/f.png'],
  ['letters of the host in any case', 'HTTPS://MEDIA.example/apps/a', '/apps/a'],
  ['the port that goes without saying', 'https://media.example:443/apps/a', '/apps/a'],
  ['a query and a fragment', 'https://media.example/apps/a?t=x#y', '/apps/a'],
  ['another spelling of the path', 'https://media.example/apps/%61', '/apps/a'],
  ['another host', 'https://media.example.evil/apps/a', 'foreign'],
  ['a host that only begins so', 'https://media.example@evil.example/apps/a', 'foreign'],
  ['another scheme', 'http://media.example/apps/a', 'foreign'],
  ['another port', 'https://media.example:444/apps/a', 'foreign'],
  ['no URL', 'apps/a', 'foreign'],
  ['a path alone', '/apps/a', 'foreign'],
  ['script', 'javascript:https://media.example/apps/a', 'foreign'],
  ['a name and password before the host', 'https://me:pw@media.example/apps/a', null],
  ['dot segments', 'https://media.example/apps/b/../a', null],
  ['encoded dot segments', 'https://media.example/apps/b/%2e%2e/a', null],
  ['a backslash', 'https://media.example\\apps\\a', null],
  ['an encoded slash', 'https://media.example/apps/a%2Fb', null],
  ['no path', 'https://media.example', null],
]

test('whose URL a text is, and what it names', () => {
  const { place } = createMediaUrls(PLAIN)
  for (const [why, text, expected] of ROWS) {
    const found = place(text)
    equal(found === null || found === 'foreign' ? found : found.path, expected, why)
  }
})

test('below a path, and behind a login wall', () => {
  const { place, url } = createMediaUrls(WALLED)
  equal(url('/apps/a'), 'https://wall.example/?to=https://media.example/m/apps/a')
  equal(url('https://elsewhere.example/x'), 'https://elsewhere.example/x')
  const paths = [url('/apps/a'), 'https://media.example/m/apps/a'].map((text) => {
    const found = place(text)
    return found !== null && found !== 'foreign' ? found.path : found
  })
  deepEqual(paths, ['/apps/a', '/apps/a'])
  equal(place('https://media.example/mm/apps/a'), null)
  equal(place('https://wall.example/?to=https://evil.example/m/apps/a'), 'foreign')
})
