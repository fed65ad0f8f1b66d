import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Result, startCliHouse } from './support/cli.ts'
import { ADMIN, eventually, runGatehouse, temporaryFolder } from './support/gatehouse.ts'

const { server, app, cli } = await startCliHouse('imported')
after(() => server.stop())

describe('import', () => {
  function folderOf(files: Readonly<Record<string, string>>): string {
    const folder = temporaryFolder()
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
    return folder
  }

  type Summary = { imported: number; already: number; failures: { path: string; code: string }[]; state: string }

  const importing = (folder: string, ...more: readonly string[]) =>
    cli(['import', folder, '--conversation', 'imported', '--json', ...more])

  async function summaryOf(result: Promise<Result>, code = 0): Promise<Summary> {
    const { code: actual, stdout, stderr } = await result
    assert.equal(actual, code, stderr)
    return JSON.parse(stdout) as Summary
  }

  test('every file arrives with its bytes and type, and a second run does nothing', async () => {
    const folder = folderOf({ 'a.txt': 'a text', 'deep/er/b ü.csv': 'a,b\n1,2\n', 'empty.bin': '' })
    symlinkSync('/etc/hostname', join(folder, 'link'))
    const first = await importing(folder, '--from', 'anna', '--access', 'private')
    assert.match(first.stderr, /left out: link/)
    assert.equal((await summaryOf(Promise.resolve(first))).imported, 3)
    const lines = readFileSync(join(folder, '.gatehouse-import.jsonl'), 'utf8').trim().split('\n')
    const done = lines.map((line) => JSON.parse(line) as { path: string; id: string; url: string })
    assert.deepEqual(done.map(({ path }) => path).sort(), ['a.txt', 'deep/er/b ü.csv', 'empty.bin'])
    for (const { path, id } of done) {
      const view = (await app.admin.get(`${app.base}/attachments/${id}`)).json<Record<string, unknown>>()
      assert.equal(view.filename, path.split('/').at(-1))
      assert.equal(view.access, 'private')
      if (path.endsWith('.csv')) assert.equal(view.contentType, 'text/csv')
      const bytes = await app.bare.get(await app.link(id, 'bert'))
      assert.deepEqual(bytes.body, readFileSync(join(folder, path)))
    }
    const second = await summaryOf(importing(folder, '--from', 'anna', '--access', 'private'))
    assert.deepEqual([second.imported, second.already], [0, 3])
  })

  test('what the server has done already is not done twice, even where the state file is lost', async () => {
    const folder = folderOf({ 'a.txt': 'once' })
    const states = [join(temporaryFolder(), 'one'), join(temporaryFolder(), 'two')]
    const ids: string[] = []
    for (const state of states) {
      await summaryOf(importing(folder, '--state', state))
      ids.push((JSON.parse(readFileSync(state, 'utf8')) as { id: string }).id)
    }
    assert.equal(ids[0], ids[1])
  })

  test('a file that has changed is imported again', async () => {
    const folder = folderOf({ 'a.txt': 'one', 'b.txt': 'two' })
    await summaryOf(importing(folder))
    appendFileSync(join(folder, 'a.txt'), ' more')
    const again = await summaryOf(importing(folder))
    assert.deepEqual([again.imported, again.already], [1, 1])
  })

  test('a file that is refused is told, the others arrive, and it ends with 1', async () => {
    await app.settings({ maxUploadBytes: 1000 })
    try {
      const folder = folderOf({ 'a.txt': 'small', 'large.bin': 'x'.repeat(200_000), 'z.txt': 'small too' })
      const { imported, failures } = await summaryOf(importing(folder), 1)
      assert.equal(imported, 2)
      assert.deepEqual(
        failures.map(({ path, code }) => [path, code]),
        [['large.bin', 'file_too_large']],
      )
    } finally {
      await app.settings({ maxUploadBytes: null })
    }
  })

  test('a key that may not write ends it with 3', async () => {
    const key = await app.key([{ actions: ['read'], resource: `/apps/${app.id}` }])
    const folder = folderOf({ 'a.txt': 'a', 'b.txt': 'b' })
    const { code } = await cli(['import', folder, '--conversation', 'imported'], {
      GATEHOUSE_KEY: `${key.id}:${key.secret}`,
    })
    assert.equal(code, 3)
  })

  test('an interruption leaves a state from which the same command goes on', async () => {
    const files = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`${n}.txt`, `file ${n}`]))
    const folder = folderOf(files)
    const state = join(folder, '.gatehouse-import.jsonl')
    const command = runGatehouse(
      ['import', folder, '--conversation', 'imported', '--concurrency', '1', '--app', app.id],
      {
        GATEHOUSE_URL: server.url,
        GATEHOUSE_KEY: `${ADMIN.id}:${ADMIN.secret}`,
      },
    )
    await eventually('some files to arrive', () => (command.stderr().includes('5/400') ? true : undefined))
    command.process.kill('SIGINT')
    assert.equal((await command.exited).code, 130, command.stderr())
    assert.match(command.stdout(), /interrupted: the same command goes on from here/)
    const done = readFileSync(state, 'utf8').trim().split('\n').length
    assert.ok(done >= 5 && done < 400, `${done} were done`)
    const { imported, already, failures } = await summaryOf(importing(folder))
    assert.deepEqual([imported, already, failures.length], [400 - done, done, 0])
  })
})
