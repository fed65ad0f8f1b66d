import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { REFERENCE } from './reference/pages.ts'

const root = join(import.meta.dirname, '..')
for (const { file, generate } of REFERENCE) {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), generate())
  console.log(`wrote ${file}`)
}
