import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, describe, test } from 'node:test'
import { eventually, startGatehouse } from './support/gatehouse.ts'

/** What `npm start` prints to paste, pasted as it stands into a plain shell, and what each door says it shows. */

const house = await startGatehouse({ flags: ['--demo', 'true'] })
after(() => house.stop())

/** The lines to paste, by the sentences that they stand below. */
const printed = await eventually('the proof', () =>
  house.stdout().includes('grep -c') ? sections(house.stdout()) : undefined,
)

function sections(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  let sentence = ''
  for (const line of text.split('\n')) {
    if (/^ {2}\S/.test(line)) sentence = line.trim()
    else if (/^ {4}\S/.test(line)) found.set(sentence, `${found.get(sentence) ?? ''}${line}\n`)
  }
  return found
}

/** Pastes what stands below the sentences that begin so, into one shell; answers the lines that it shows, JSON apart. */
function paste(...beginnings: readonly string[]): readonly string[] {
  const script = beginnings.map((beginning) => {
    const [, lines] = [...printed].find(([sentence]) => sentence.startsWith(beginning)) ?? []
    return lines ?? assert.fail(`nothing is printed below "${beginning}"`)
  })
  const { stdout, stderr, status } = spawnSync('sh', { input: script.join('echo ---\n'), encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
  return stdout
    .replaceAll(/\{.*\}/g, '')
    .split('\n')
    .filter(Boolean)
}

describe('the proof that the start prints holds, line by line in a shell', () => {
  test('of recipient links', () => {
    const looks = 'Recipient links'
    assert.deepEqual(paste(looks), ['200', '200'])
    assert.deepEqual(paste('Deactivate Bob', looks), ['---', '401', '200'])
    assert.deepEqual(paste('Activate him', looks), ['---', '200', '200'])
  })

  test('of path cookies, and a second time', () => {
    for (const _time of ['once', 'again']) {
      assert.deepEqual(paste('Path cookies', 'The same photo in another conversation', 'Revoke the token'), [
        '200',
        '200',
        '---',
        '401',
        '403',
        '---',
        '401',
        '1',
      ])
    }
  })

  test('and nothing else is printed to paste', () => {
    assert.equal(printed.size, 6)
  })
})
