/**
 * The first thing of `npm start`, `npm test`, `npm run check`, `build`, `example` and `bench`. It needs nothing but a Node ≥ 18 and npm:
 * it finds a Node that is new enough, installs the packages of the lock, builds what has changed, and runs the task.
 * Each step looks first whether it is done already, so running it again costs nothing and an interruption is made good.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './bootstrap/build.mjs'
import { findNode } from './bootstrap/node.mjs'
import { installPackages } from './bootstrap/packages.mjs'
import { Failure, run } from './bootstrap/process.mjs'
import { takeTurn } from './bootstrap/turn.mjs'

/** Under Node 24 the sources run as they are, under this condition of the packages' export maps. */
const SOURCE = '--conditions=gatehouse-source'

/**
 * What can be asked for: the oldest Node for it, whether the packages are built before, and what runs then (null: nothing), with which
 * variables where they are not set.
 *
 * @type {Record<string, { oldest: [number, number], built: boolean, command: string[] | null, env?: Record<string, string> }>}
 */
const TASKS = {
  start: {
    oldest: [22, 13],
    built: true,
    command: ['packages/cli/dist/main.js', 'serve', '--demo'],
    // The page asks once a second, and a line for each call would push what is there to paste off the screen.
    env: { GATEHOUSE_LOG_LEVEL: 'warn' },
  },
  example: { oldest: [22, 13], built: true, command: ['examples/main.mjs'] },
  build: { oldest: [22, 13], built: true, command: null },
  check: { oldest: [24, 0], built: false, command: [SOURCE, 'script/check.ts'] },
  reference: { oldest: [24, 0], built: false, command: [SOURCE, 'script/reference.ts'] },
  test: { oldest: [24, 0], built: true, command: [SOURCE, 'script/test.ts'] },
  bench: { oldest: [24, 0], built: true, command: [SOURCE, 'bench/main.ts'] },
}

/** @param {readonly string[]} argv */
async function main([name = '', ...rest]) {
  const task = TASKS[name]
  if (task === undefined) throw new Failure(`There is no task "${name}": take one of ${Object.keys(TASKS).join(', ')}.`)
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const say = (/** @type {string} */ line) => process.stderr.write(`gatehouse: ${line}\n`)
  const release = await takeTurn(join(root, '.tools', 'turn'), (pid) =>
    say(`Waiting for another run (process ${pid}) that prepares this folder`),
  )
  const { node, env } = await findNode({ root, oldest: task.oldest, say })
  await installPackages({ root, node, env, say })
  if (task.built) await build({ root, node, env, say })
  release()
  if (task.command === null) return 0
  const { code } = await run(node, [...task.command, ...rest], { env: { ...task.env, ...env }, cwd: root })
  return code
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Failure)) throw error
  if (error.output !== '') process.stderr.write(`${error.output.trimEnd()}\n`)
  process.stderr.write(`gatehouse: ${error.message}\n`)
  process.exitCode = error.exitCode
}
