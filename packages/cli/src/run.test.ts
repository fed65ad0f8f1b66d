import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { EXIT } from './exit-code.ts'
import { commandsBelow, createProgram } from './program.ts'
import { cliMarkdown } from './reference.ts'
import { run } from './run.ts'

/** Runs a command line in this process with streams that are no terminals. */
async function gatehouse(argv: readonly string[], env: Record<string, string> = {}) {
  const written = { stdout: '', stderr: '' }
  const collect = (name: keyof typeof written) =>
    new PassThrough({
      transform(chunk, _encoding, done) {
        written[name] += String(chunk)
        done()
      },
    })
  const terminal = { env, stdin: new PassThrough(), stdout: collect('stdout'), stderr: collect('stderr') }
  const code = await run(argv, terminal)
  return { code, ...written }
}

const nowhere = { GATEHOUSE_URL: 'http://127.0.0.1:9', GATEHOUSE_KEY: 'a:b' }
let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
  writeFileSync(join(folder, 'a.txt'), 'a')
})

after(() => rmSync(folder, { recursive: true }))

const usage: readonly [string, readonly string[], RegExp][] = [
  [
    'an unknown command',
    ['sevre'],
    /^gatehouse: unknown command 'sevre'\. Did you mean serve\?\n {2}`gatehouse --help` explains it\.\n$/,
  ],
  [
    'an unknown command of a group',
    ['app', 'x'],
    /^gatehouse: unknown command 'x'\n {2}`gatehouse app --help` explains it\.\n$/,
  ],
  ['help with what is no command', ['help', 'app', 'x'], /There is no command `app x`\.\n {2}`gatehouse --help` lists/],
  [
    'an option that neither a command nor the server has',
    ['check', '--deeep'],
    /`gatehouse check --help` lists the options/,
  ],
  ['an unknown option', ['app', 'list', '--jsn'], /unknown option '--jsn'[\s\S]*--json/],
  [
    'a missing argument',
    ['app', 'create'],
    /missing required argument 'name'\n {2}`gatehouse app create --help` explains it/,
  ],
  ['a missing option', ['key', 'create'], /required option '--name <name>'/],
  ['a setting that is not right', ['serve', '--port', 'x'], /--port is "x": expected a whole number/],
  ['several settings that are not right', ['serve', '--port', 'x', '--nope'], /--nope is no flag[\s\S]*--port is "x"/],
  ['a stray word for serve', ['serve', 'now'], /"now" was not expected here/],
  ['a setting without --local', ['key', 'create', '--name', 'a', '--data', 'x'], /"--data" was not expected here/],
  ['a grant without a resource', ['token', 'issue', '--grant', 'read'], /actions@resource/],
  [
    'an action that is none',
    ['token', 'issue', '--grant', 'look@/apps/a'],
    /"look" is no action; there are read, play/,
  ],
  ['a resource that is none', ['token', 'issue', '--grant', 'read@apps/a'], /"apps\/a" is no resource/],
  ['no grant', ['token', 'issue'], /permits nothing/],
  ['a sequence that is none', ['token', 'issue', '--offline', '--sequence', '-1'], /It has to be a whole number\./],
  ['seconds that are no number', ['token', 'issue', '--seconds', 'long'], /whole number of at least 1/],
  [
    'signing without a key',
    ['token', 'issue', '--offline', '--grant', 'read@/apps/a'],
    /needs an API key as id:secret/,
  ],
  ['a time that is none', ['token', 'issue', '--grant', 'read@/apps/a', '--not-before', 'soon'], /has to be a time/],
  ['revoking nothing', ['revoke'], /exactly one thing to revoke; nothing was named/],
  ['revoking two things', ['revoke', '--user', 'a', '--token', 'b'], /2 were/],
  ['a subject without a sequence', ['revoke', '--subject', 'a'], /go together/],
  ['revoking everything in passing', ['revoke', '--all'], /Add --yes/],
  ['deleting an app in passing', ['app', 'delete', 'a'], /Add --yes/],
  ['a setting that is no pair', ['app', 'set', 'a', 'b'], /"b" is not name=value/],
  ['metadata that is no object', ['user', 'put', 'a', '--metadata', '[]'], /has to be a JSON object/],
  ['a profile that is no object', ['user', 'put', 'a', '--profile', '{'], /--profile has to be a JSON object/],
  ['a login of nobody', ['login', 'begin'], /missing required argument 'uid'/],
  ['a URL that is none', ['app', 'list', '--url', 'here'], /"here" is no URL/],
  ['a folder that is none', ['import', '/nowhere/at/all', '--conversation', 'c'], /is no folder/],
  [
    'an access that is none',
    ['import', '.', '--conversation', 'c', '--access', 'secret'],
    /Allowed choices are private, public/,
  ],
]

for (const [sentence, argv, expected] of usage) {
  test(`refused as usage: ${sentence}`, async () => {
    const { code, stdout, stderr } = await gatehouse(argv)
    assert.equal(code, EXIT.usage, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, expected)
    assert.doesNotMatch(stderr, /\n\s+at /, 'a stack was shown')
  })
}

test('no command at all explains the commands and counts as usage', async () => {
  const { code, stderr } = await gatehouse([])
  assert.equal(code, EXIT.usage)
  assert.match(stderr, /Commands:\n {2}serve/)
})

const calls: readonly (readonly string[])[] = [
  ['app', 'list'],
  ['app', 'create', 'a'],
  ['key', 'list', '--app', 'a'],
  ['key', 'create', '--app', 'a', '--name', 'b'],
  ['user', 'put', 'u', '--app', 'a'],
  ['user', 'deactivate', 'u', '--app', 'a'],
  ['token', 'issue', '--app', 'a', '--grant', 'read@/apps/a'],
  ['login', 'begin', 'u', '--app', 'a'],
  ['login', 'end', 'u', 'l', '--app', 'a'],
  ['token', 'inspect', 't'],
  ['revoke', '--user', 'u', '--app', 'a'],
  ['openapi'],
]

for (const argv of calls) {
  test(`a server that does not answer: ${argv.join(' ')}`, async () => {
    const { code, stdout, stderr } = await gatehouse(argv, nowhere)
    assert.equal(code, EXIT.unreachable, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, /No server answers at http:\/\/127\.0\.0\.1:9 [\s\S]*Start one with `gatehouse serve`/)
  })
}

test('with --json an error is one JSON object on standard error', async () => {
  const { code, stdout, stderr } = await gatehouse(['app', 'list', '--json'], nowhere)
  assert.equal(stdout, '')
  const { error } = JSON.parse(stderr)
  assert.equal(error.code, 'not_reachable')
  assert.equal(error.exit, code)
  assert.match(error.cure, /gatehouse serve/)
})

/** What a web server that is not Gatehouse, or one behind a broken proxy, answers. */
async function against(status: number, type: string, body: string, argv: readonly string[], env = {}) {
  const server = createServer((_request, response) => response.writeHead(status, { 'content-type': type }).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return await gatehouse([...argv, '--url', url], env)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('a refusal is told with code, sentence and cure, and ends with 3', async () => {
  const problem = {
    status: 403,
    code: 'action_not_granted',
    title: 'Action not granted',
    detail: 'Issue one that does.',
  }
  const { code, stderr } = await against(403, 'application/problem+json', JSON.stringify(problem), ['app', 'list'])
  assert.equal(code, EXIT.refused)
  assert.equal(stderr, 'gatehouse: 403 action_not_granted: Action not granted\n  Issue one that does.\n')
})

test('a refusal without a key says where to put one', async () => {
  const { code, stderr } = await against(401, 'application/problem+json', '{"code":"credential_missing"}', [
    'app',
    'list',
  ])
  assert.equal(code, EXIT.refused)
  assert.match(stderr, /--key id:secret or GATEHOUSE_KEY/)
})

test('a file where the data folder has to be is told with what to do', async () => {
  const { code, stderr } = await gatehouse(['serve', '--port', '0', '--data', join(folder, 'a.txt')])
  assert.equal(code, EXIT.failed)
  assert.match(stderr, /EEXIST[\s\S]*another folder with --data/)
})

test('everything that is not valid is told', async () => {
  const errors = [
    { path: '/name', message: 'must not be empty' },
    { path: '/settings/linkSeconds', message: 'must be an integer' },
  ]
  const body = JSON.stringify({ status: 400, code: 'validation_failed', title: 'Not valid', errors })
  const { code, stderr } = await against(400, 'application/problem+json', body, ['app', 'create', 'a'])
  assert.equal(code, EXIT.failed)
  assert.match(stderr, /Not valid; \/name: must not be empty; \/settings\/linkSeconds: must be an integer/)
})

test('what is not Gatehouse is recognised', async () => {
  const { code, stderr } = await against(200, 'text/html', '<html>', ['app', 'list'])
  assert.equal(code, EXIT.failed)
  assert.match(stderr, /is not Gatehouse/)
})

test('a redirect is not followed, since the key would go along', async () => {
  const server = createServer((_request, response) =>
    response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { code } = await gatehouse(['app', 'list', '--url', url])
    assert.equal(code, EXIT.unreachable)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('an import that cannot reach the server stops and leaves nothing in the state file', async () => {
  const state = join(folder, 'state.jsonl')
  const argv = ['import', folder, '--app', 'a', '--conversation', 'c', '--state', state]
  const { code, stderr } = await gatehouse(argv, nowhere)
  assert.equal(code, EXIT.unreachable, stderr)
})

const program = createProgram(
  { env: {}, stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() },
  () => {},
)

for (const command of commandsBelow(program)) {
  const words = wordsOf(command).slice(1)
  test(`help of ${['gatehouse', ...words].join(' ')} says what it does and shows an example`, async () => {
    const { code, stdout, stderr } = await gatehouse([...words, '--help'])
    assert.equal(code, EXIT.ok)
    assert.equal(stderr, '')
    assert.ok(command.description().length > 10)
    assert.match(stdout, /Examples?:\n {2}\$ /)
    for (const argument of command.registeredArguments) assert.ok(argument.description, `what is ${argument.name()}?`)
    const asked = await gatehouse(['help', ...words])
    assert.deepEqual(asked, { code: EXIT.ok, stdout, stderr: '' }, 'help says the same')
    assert.ok(stdout.includes(`Usage: ${['gatehouse', ...words].join(' ')}`), stdout)
  })
}

function wordsOf(command: typeof program): string[] {
  return [...(command.parent === null ? [] : wordsOf(command.parent)), command.name()]
}

test('the reference holds every command, and not the settings', () => {
  const page = cliMarkdown()
  for (const command of commandsBelow(program))
    assert.ok(page.includes(`\n## ${wordsOf(command).join(' ')}\n`), command.name())
  assert.doesNotMatch(page, /--trusted-proxies/)
  assert.equal(page, cliMarkdown())
})

test('nothing is coloured where the streams are no terminals', async () => {
  const { stderr } = await gatehouse(['app', 'list'], nowhere)
  assert.ok(!stderr.includes('\u001b'))
})
