import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeFolder } from './folder.ts'

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-folder-'))
after(() => rm(folder, { recursive: true }))
await writeFile(join(folder, 'file'), '')
await symlink(join(folder, 'nowhere'), join(folder, 'dangling'))

test('a folder is made with those above it, each with the mode, and again is nothing', async () => {
  const path = join(folder, 'a', 'b', 'c')
  await Promise.all([makeFolder(path, 0o700), makeFolder(path, 0o700), makeFolder(join(path, '.'), 0o700)])
  await makeFolder(path, 0o700)
  for (const each of ['a', 'a/b', 'a/b/c']) assert.equal((await stat(join(folder, each))).mode & 0o777, 0o700, each)
  await makeFolder('/')
})

const impossible: readonly [string, string, RegExp][] = [
  ['a file system that makes no folders', '/proc/gatehouse', /^ENOENT$/],
  ['below one', '/proc/gatehouse/data', /^ENOENT$/],
  ['a file', join(folder, 'file'), /^EEXIST$/],
  ['below a file', join(folder, 'file', 'data'), /^EEXIST$/],
  ['below a device', '/dev/null/data', /^EEXIST$/],
  ['a link that leads nowhere', join(folder, 'dangling'), /^EEXIST$/],
  ['a name that is too long', join(folder, 'x'.repeat(300)), /^ENAMETOOLONG$/],
]

for (const [sentence, path, code] of impossible) {
  // Without the limit a failure would be a test that never ends.
  test(`what cannot be made is an error at once: ${sentence}`, { timeout: 20_000 }, async () => {
    await assert.rejects(makeFolder(path), (error: NodeJS.ErrnoException) => code.test(error.code ?? ''))
  })
}
