#!/usr/bin/env node
import { nodeRefusal } from './node-version.ts'

// Nothing else may be imported before this: an old Node would fail on it in its own words.
const refusal = nodeRefusal(process.versions.node)
if (refusal !== null) {
  process.stderr.write(`${refusal}\n`)
  process.exit(1)
}

const { run } = await import('./run.ts')
const { systemTerminal } = await import('./terminal.ts')

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has seen enough.
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const code = await run(process.argv.slice(2), systemTerminal())
process.stdout.write('', () => process.exit(code))
