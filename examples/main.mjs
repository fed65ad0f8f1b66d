/** `npm run example NAME`: runs the example of that name; without one, says which there are. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const [name = ''] = process.argv.slice(2)
const names = readdirSync(import.meta.dirname).filter((one) => existsSync(join(import.meta.dirname, one, 'main.mjs')))
if (names.includes(name)) await import(new URL(`${name}/main.mjs`, import.meta.url).href)
else {
  console.error(`npm run example NAME, where NAME is one of: ${names.join(', ')}`)
  process.exitCode = 2
}
