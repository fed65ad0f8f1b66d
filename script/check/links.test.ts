import assert from 'node:assert/strict'
import { test } from 'node:test'
import { links } from './links.ts'

/** Pages, and where the rule finds something, with the beginning of what it says. */
const ROWS: readonly (readonly [is: string, files: Readonly<Record<string, string>>, finds: readonly string[]])[] = [
  [
    'to files, folders, pictures and headings that exist',
    {
      'docs/a.md': [
        '[b](b.md) [up](../README.md#two-commands) ![p](images/p.png) [here](#again-1) [folder](images/) [f](images)',
        '[b]: b.md "title"',
        '## Again\n## Again\n[c](../x%20y.md "why") [<d>](<b.md>)',
      ].join('\n'),
      'docs/b.md': '[`code`](a.md#again)',
      'docs/images/p.png': '',
      'README.md': '# Two commands!\n[a](docs/a.md)',
      'x y.md': '',
    },
    [],
  ],
  ['to other sites', { 'a.md': '[x](https://a.example/b.md) [y](mailto:a@b.example) [z](//a.example)' }, []],
  [
    'what is only shown as code is none',
    { 'a.md': '`[x](none.md)`\n```md\n[x](none.md)\n~~~\n# No heading\n```\n[y](#no-heading)' },
    ['a.md:7: #no-heading names no heading there'],
  ],
  ['to a file that is not there', { 'docs/a.md': '\n[x](b.md)' }, ['docs/a.md:2: b.md does not exist']],
  ['by a reference', { 'a.md': '[x]: b.md' }, ['a.md:1: b.md does not exist']],
  ['out of the repository', { 'a.md': '[x](../b.md)', 'b.md': '' }, ['a.md:1: ../b.md does not exist']],
  [
    'to a heading that is not there, or not so often',
    { 'a.md': '[x](b.md#one) [y](b.md#two) [z](b.md#one-1)', 'b.md': '# One\n' },
    ['a.md:1: b.md#two names no heading', 'a.md:1: b.md#one-1 names no heading'],
  ],
  ['from a root', { 'a.md': '[x](/a.md)' }, ['a.md:1: /a.md begins at a root']],
  [
    'titles with code, links and signs',
    {
      'a.md': '[x](#gatehouse-serve-flags) [y](#coming-from-) [z](#tls-in-front)',
      'README.md': '',
      'b.md': '',
    },
    ['a.md:1: #gatehouse-serve-flags names', 'a.md:1: #coming-from- names', 'a.md:1: #tls-in-front names'],
  ],
  [
    'the same where they are',
    {
      'a.md':
        '# `gatehouse serve`: flags\n## Coming from …\n### [TLS](b.md) in front\n[x](#gatehouse-serve-flags) [y](#coming-from-) [z](#tls-in-front)',
      'b.md': '',
    },
    [],
  ],
  [
    'a page of the documentation that is too far away',
    {
      'README.md': '[docs](docs/README.md)',
      'docs/README.md': '[a](a.md)',
      'docs/a.md': '[b](b.md)',
      'docs/b.md': '',
      'packages/x/README.md': '',
    },
    ['docs/b.md: is more than 2 clicks away'],
  ],
]

for (const [is, files, finds] of ROWS) {
  test(`check links: ${is}`, () => {
    const found = links.find(new Map(Object.entries(files)))
    const told = found.map(({ where, wrong }) => `${where}: ${wrong}`)
    assert.deepEqual(
      told.map((one, at) => one.slice(0, finds[at]?.length)),
      finds,
    )
    assert.ok(found.every(({ cure }) => cure.length > 10))
  })
}
