/** One user of the journey: a process that loads CometChat's SDK, which is one global, and does what its parent asks. */
import { createRequire } from 'node:module'
import { becomeBrowser } from './browser-shims.ts'
import { createCalls } from './calls.ts'
import type { Sdk } from './sdk.ts'

/** The SDK can wait for ever; nobody else should. */
const PATIENCE = 20_000

becomeBrowser()
// What the SDK says to the console is no part of the test, and neither are its own promises that nobody waits for.
console.log = console.info = console.warn = console.error = () => {}
process.on('unhandledRejection', () => {})

const { CometChat } = createRequire(import.meta.url)(process.argv[2] ?? '') as { CometChat: Sdk }
const calls = createCalls(CometChat) as Record<string, (of: object) => Promise<unknown>>

process.on('message', async ({ number, name, of }: { number: number; name: string; of: object }) => {
  const tell = (answer: object) => process.send?.({ number, ...answer })
  const timer = setTimeout(() => tell({ error: { code: 'NO_ANSWER', message: `${name} never ended` } }), PATIENCE)
  try {
    tell({ value: (await calls[name]?.(of)) ?? null })
  } catch (error) {
    const { code, message } = (error ?? {}) as { code?: string; message?: string }
    tell({ error: { code: code ?? null, message: message ?? String(error) } })
  }
  clearTimeout(timer)
})
process.once('disconnect', () => process.exit(0))
