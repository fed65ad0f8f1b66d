import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { newRevision } from './revision.ts'

test('whatever writes a message or an attachment draws a revision', async () => {
  const files = (await readdir(import.meta.dirname)).filter((name) => /(?<!\.test)\.ts$/.test(name))
  let writes = 0
  for (const name of files) {
    const source = await readFile(join(import.meta.dirname, name), 'utf8')
    const pieces = source.split(/(?=\.(?:updateTable|insertInto)\()/)
    for (const piece of pieces.filter((one) => /^\.(updateTable|insertInto)\('(messages|attachments)'\)/.test(one))) {
      writes++
      assert.match(piece, /revision: newRevision\(\)/, `${name}: ${piece.slice(0, 200)}`)
    }
    assert.doesNotMatch(source, /(update|insert into) (messages|attachments)\b/, `${name} writes in SQL of its own`)
  }
  assert.ok(writes >= 8, `only ${writes} writes found`)
})

test('revisions differ, and are whole numbers that both databases hold', () => {
  const drawn = Array.from({ length: 1000 }, newRevision)
  assert.equal(new Set(drawn).size, 1000)
  assert.ok(drawn.every((one) => Number.isSafeInteger(one) && one > 0))
})
