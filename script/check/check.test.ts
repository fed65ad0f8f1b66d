import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asvs } from './asvs.ts'
import { cycles } from './cycles.ts'
import { dependencies } from './dependencies.ts'
import { exportsTold } from './exports.ts'
import { layers } from './layers.ts'
import { reference } from './reference.ts'
import { size } from './size.ts'
import type { Rule } from './tree.ts'
import { words } from './words.ts'

/** A small tree, and the beginning of what each finding says of it; none where the tree is in order. */
type Row = { readonly is: string; readonly files: Readonly<Record<string, string>>; readonly finds: readonly string[] }

const gate = 'packages/server/src/gate/verify.ts'
const users = 'packages/server/src/features/users.ts'

const LAYERS: readonly Row[] = [
  {
    is: 'downwards is in order',
    files: { [users]: "import type { A } from '@gatehouse/storage/records/port'\nimport { b } from '../parts.ts'\n" },
    finds: [],
  },
  {
    is: 'a package that imports upwards',
    files: { 'packages/core/src/a.ts': "import {\n  x,\n} from '@gatehouse/storage/x'\n" },
    finds: ['packages/core/src/a.ts:1: core imports storage'],
  },
  {
    is: 'upwards for a type alone',
    files: { 'packages/storage/src/a.ts': "import type { X } from '@gatehouse/server/parts'\n" },
    finds: ['packages/storage/src/a.ts:1: storage imports server'],
  },
  {
    is: 'a package that imports the tests',
    files: { 'packages/cli/src/a.ts': "import { x } from '../../../test/support/x.ts'\n" },
    finds: ['packages/cli/src/a.ts:1: cli imports what lies outside packages/'],
  },
  {
    is: 'a test may look further',
    files: { 'packages/cli/src/a.test.ts': "import { x } from '../../../test/support/x.ts'\n" },
    finds: [],
  },
  {
    is: 'the gate that knows delivery',
    files: { [gate]: "import { x } from '../deliver/range.ts'\n" },
    finds: [`${gate}:1: gate imports deliver`],
  },
  {
    is: 'delivery that knows the gate',
    files: { 'packages/server/src/deliver/range.ts': "\nexport { x } from '../gate/verify.ts'\n" },
    finds: ['packages/server/src/deliver/range.ts:2: deliver imports gate'],
  },
  {
    is: 'a feature that imports another',
    files: { [users]: "import { x } from './apps.ts'\nimport { y } from './users/list.ts'\n" },
    finds: [`${users}:1: features do not know one another`],
  },
  {
    is: 'a feature that imports a surface',
    files: { [users]: "const x = await import('../surfaces/one/routes.ts')\n" },
    finds: [`${users}:1: features imports surfaces`],
  },
  {
    is: 'a surface that imports another',
    files: { 'packages/server/src/surfaces/one/routes.ts': "import '../two/routes.ts'\n" },
    finds: ['packages/server/src/surfaces/one/routes.ts:1: surfaces do not know one another'],
  },
  {
    is: 'a feature that reaches for the wiring',
    files: { [users]: "import { x } from '../routes.ts'\n" },
    finds: [`${users}:1: routes.ts is wiring`],
  },
  {
    is: 'the wiring knows everything',
    files: {
      'packages/server/src/app.ts': "import { x } from './surfaces/one/routes.ts'\nimport './gate/verify.ts'\n",
    },
    finds: [],
  },
  {
    is: 'attest where the proof is checked, and elsewhere',
    files: {
      [gate]: "import { attest, type Token } from '@gatehouse/core/token'\n",
      [users]: "import { type Token, attest as made } from '@gatehouse/core/token'\n",
    },
    finds: [`${users}:1: attest is imported here`],
  },
  {
    is: 'decide outside the gate',
    files: { [users]: "import { decide } from '@gatehouse/core/decide'\n" },
    finds: [`${users}:1: decide is imported here`],
  },
  {
    is: 'core that reaches outside itself',
    files: {
      'packages/core/src/node-primitives.ts': "import { createHmac } from 'node:crypto'\nimport 'node:fs'\n",
      'packages/core/src/a.ts': "import { createHmac } from 'node:crypto'\nimport { jwtVerify } from 'jose'\n",
    },
    finds: [
      'packages/core/src/node-primitives.ts:2: core imports node:fs',
      'packages/core/src/a.ts:1: core imports node:crypto',
      'packages/core/src/a.ts:2: core imports jose',
    ],
  },
]

const CYCLES: readonly Row[] = [
  { is: 'a chain', files: { 'a.ts': "import './b.ts'\n", 'b.ts': "import './c.ts'\n", 'c.ts': '' }, finds: [] },
  {
    is: 'a round of three, one way for a type alone',
    files: {
      'a.ts': "import './b.ts'\n",
      'b.ts': "import type { C } from './c.ts'\n",
      'c.ts': "export * from './a.ts'\n",
    },
    finds: ['a.ts: imports itself: a.ts → b.ts → c.ts → a.ts'],
  },
  {
    is: 'a round over two packages',
    files: {
      'packages/x/src/a.ts': "import { b } from '@gatehouse/y/b'\n",
      'packages/y/src/b.ts': "import { a } from '@gatehouse/x/a'\n",
    },
    finds: ['packages/x/src/a.ts: imports itself'],
  },
]

const EXPORTS: readonly Row[] = [
  { is: 'told', files: { 'a.ts': '/** Adds. */\nexport function add() {}\n' }, finds: [] },
  {
    is: 'told once for all signatures',
    files: { 'a.ts': '/**\n * Adds.\n */\nexport function add(a: 1): 1\nexport function add(a: 2): 2\n' },
    finds: [],
  },
  {
    is: 'told above a remark to the formatter',
    files: { 'a.ts': '/** Adds. */\n// biome-ignore format: a table\nexport function add() {}\n' },
    finds: [],
  },
  { is: 'not told', files: { 'a.ts': '\nexport const a = 1\n' }, finds: ['a.ts:2: a has no docstring'] },
  {
    is: 'told in a comment that is no docstring',
    files: { 'a.ts': '/* Adds. */\nexport async function add() {}\n' },
    finds: ['a.ts:2: add has no docstring'],
  },
  { is: 'told in nothing', files: { 'a.ts': '/** */\nexport type A = 1\n' }, finds: ['a.ts:2: A has no docstring'] },
  {
    is: 'told too far away',
    files: { 'a.ts': '/** An A. */\n\nexport interface A {}\n' },
    finds: ['a.ts:3: A has no docstring'],
  },
  { is: 'a default', files: { 'a.ts': 'export default 1\n' }, finds: ['a.ts:1: a default export'] },
  { is: 'a test', files: { 'a.test.ts': 'export const a = 1\n' }, finds: [] },
]

const DEPENDENCIES: readonly Row[] = [
  {
    is: 'reasoned, used and declared',
    files: {
      'package.json': '{ "devDependencies": { "@types/node": "1", "oracle": "1" } }',
      'packages/a/package.json': '{ "dependencies": { "left": "1", "@gatehouse/b": "1" } }',
      'packages/a/src/a.ts': "import { x } from 'left/x'\nimport { y } from '@gatehouse/b/y'\n",
      'packages/a/src/a.test.ts': "import { y } from 'oracle'\n",
      'decisions/0001.md': '| `left` | `oracle` | `@types/node` |',
    },
    finds: [],
  },
  {
    is: 'without a reason',
    files: {
      'packages/a/package.json': '{ "dependencies": { "left": "1" } }',
      'packages/a/src/a.ts': "import { x } from 'left'\n",
    },
    finds: ['packages/a/package.json: left has no written reason'],
  },
  {
    is: 'not used',
    files: {
      'packages/a/package.json': '{ "dependencies": { "@s/left": "1", "@gatehouse/b": "1" } }',
      'decisions/0001.md': '`@s/left`',
    },
    finds: ['packages/a/package.json: @s/left is not used', 'packages/a/package.json: @gatehouse/b is not used'],
  },
  {
    is: 'not declared where it is used',
    files: {
      'package.json': '{ "devDependencies": { "left": "1" } }',
      'packages/a/package.json': '{}',
      'packages/a/src/a.ts': "import { x } from 'left'\nimport { y } from '@gatehouse/b/y'\n",
      'packages/a/src/a.test.ts': "import { x } from 'left'\n",
      'decisions/0001.md': '`left`',
    },
    finds: [
      'packages/a/src/a.ts: left is not declared in packages/a/package.json',
      'packages/a/src/a.ts: @gatehouse/b is not declared in packages/a/package.json',
    ],
  },
]

const WORDS: readonly Row[] = [
  {
    is: 'in order',
    files: { 'a.md': `see docs/${'work'}/plan and /workers/`, 'a.test.ts': "test('a', () => {})" },
    finds: [],
  },
  { is: 'a machine path', files: { 'a.md': `\nsee /${'work'}/main` }, finds: ['a.md:2: a path of one machine'] },
  { is: 'a home', files: { 'a.json': '"/home/jo/x"' }, finds: ['a.json:1: a path of one machine'] },
  { is: 'a registry', files: { '.npmrc': 'registry=https://registry.npmjs.org' }, finds: ['.npmrc:1: the host'] },
  {
    is: 'a lock with addresses',
    files: { 'package-lock.json': '"resolved": "packages/a"\n"resolved": "https://example.org/a.tgz"' },
    finds: ['package-lock.json:2: the lock says where'],
  },
  {
    is: 'a test left out',
    files: { 'a.test.ts': `test.${'skip'}('a', () => {})` },
    finds: ['a.test.ts:1: a test that'],
  },
  { is: 'others left out', files: { 'a.test.ts': "it('a', { only: true }, f)" }, finds: ['a.test.ts:1: a test that'] },
  {
    is: 'a vendor outside the surfaces',
    files: { [users]: '// as CometChat does', 'packages/server/src/surfaces/cometchat/routes.ts': '// CometChat' },
    finds: [`${users}:1: a vendor's name`],
  },
]

const lines = (count: number) => 'x\n'.repeat(count)

const SIZE: readonly Row[] = [
  { is: 'at the limit', files: { 'a.ts': lines(400) }, finds: [] },
  { is: 'past it', files: { 'a.ts': lines(401), 'b.css': lines(500) }, finds: ['a.ts: 401 lines', 'b.css: 500 lines'] },
  { is: 'vectors and prose', files: { 'packages/core/vectors/a.ts': lines(999), 'a.md': lines(999) }, finds: [] },
]

const REFERENCE: readonly Row[] = [
  {
    is: 'changed by hand, and missing',
    files: { 'docs/reference/errors.md': '# Errors\n' },
    finds: [
      'docs/reference/cli.md: is missing',
      'docs/reference/errors.md: is out of date',
      'docs/reference/settings.md: is missing',
    ],
  },
]

const asked = { id: '1.1.1', level: 1, about: 'a thing', status: 'shown', tests: { 'a.test.ts': ['it holds'] } }
const asvsFiles = (...requirements: readonly object[]) => ({
  'docs/asvs.json': JSON.stringify({ levels: { 1: requirements.length }, requirements }),
  'a.test.ts': "test('it holds', () => {})",
  'docs/a.md': 'A page.',
})
const asvsFinds = (...wrongs: readonly string[]) => wrongs.map((wrong) => `docs/asvs.json: ${wrong}`)

const ASVS: readonly Row[] = [
  {
    is: 'in order',
    files: asvsFiles(
      asked,
      { ...asked, id: '1.1.2', tests: { 'a.test.ts': [] }, documents: ['docs/a.md'], status: 'partly', reason: 'half' },
      { id: '1.2.1', level: 1, about: 'another', status: 'not-applicable', reason: 'there is none' },
      { id: '1.10.1', level: 1, about: 'another', status: 'missing', reason: 'not yet' },
    ),
    finds: [],
  },
  { is: 'not there', files: {}, finds: asvsFinds('is missing') },
  { is: 'no JSON', files: { 'docs/asvs.json': '{' }, finds: asvsFinds('is no JSON') },
  { is: 'of another form', files: { 'docs/asvs.json': '{}' }, finds: asvsFinds('has another form') },
  {
    is: 'a test that is called otherwise',
    files: asvsFiles({ ...asked, tests: { 'a.test.ts': ['it holds', 'it'] } }),
    finds: asvsFinds('1.1.1 names "it", which is not in a.test.ts'),
  },
  {
    is: 'files that are gone, or hold no tests',
    files: asvsFiles({ ...asked, tests: { 'b.test.ts': ['it holds'], 'docs/a.md': ['A'] }, documents: ['docs/b.md'] }),
    finds: asvsFinds(
      '1.1.1 names b.test.ts, which holds no tests',
      '1.1.1 names docs/a.md, which holds no tests',
      '1.1.1 names docs/b.md, which is not there',
    ),
  },
  {
    is: 'shown by nothing, and partly without a reason',
    files: asvsFiles({ ...asked, tests: {} }, { ...asked, id: '1.1.2', status: 'partly' }),
    finds: asvsFinds('1.1.1 is shown by nothing', '1.1.2 has no reason'),
  },
  {
    is: 'missing, and yet with a test',
    files: asvsFiles({ ...asked, status: 'missing', reason: 'not yet' }),
    finds: asvsFinds('1.1.1 is missing and names evidence'),
  },
  {
    is: 'everything wrong with one',
    files: asvsFiles({ id: 'V1', level: 3, about: '', status: 'done', note: 'x' }),
    finds: asvsFinds(
      '0 requirements of level 1',
      'V1 has a note',
      'V1 is no id',
      'V1 has the level 3',
      'V1 says not what it is about',
      'V1 is "done"',
      'V1 has no reason',
    ),
  },
  {
    is: 'one twice, one out of order, and one too few',
    files: {
      ...asvsFiles(asked),
      'docs/asvs.json': JSON.stringify({
        levels: { 1: 4 },
        requirements: [{ ...asked, id: '1.2.1' }, asked, asked],
      }),
    },
    finds: asvsFinds('3 requirements of level 1', '1.1.1 comes after 1.2.1', '1.1.1 comes after 1.1.1'),
  },
]

const TABLES: readonly (readonly [Rule, readonly Row[]])[] = [
  [layers, LAYERS],
  [cycles, CYCLES],
  [exportsTold, EXPORTS],
  [dependencies, DEPENDENCIES],
  [words, WORDS],
  [size, SIZE],
  [reference, REFERENCE],
  [asvs, ASVS],
]

for (const [rule, rows] of TABLES) {
  describe(`check ${rule.name}`, () => {
    for (const { is, files, finds } of rows) {
      test(is, () => {
        const found = rule.find(new Map(Object.entries(files)))
        assert.deepEqual(
          found.map(({ where, wrong }, index) => `${where}: ${wrong}`.slice(0, finds[index]?.length)),
          finds,
        )
        assert.ok(found.every(({ cure }) => cure.length > 10))
      })
    }
  })
}
