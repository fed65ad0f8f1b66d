import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { configOf, configured } from '../configured.ts'
import { teach } from '../teach.ts'
import { note, type Terminal } from '../terminal.ts'
import { serveUntilTold } from './serve.ts'

/** `gatehouse demo`: the server with the demonstration app, by default in a folder that goes when it ends. */
export function demoCommand(terminal: Terminal): Command {
  const command = configured(
    new Command('demo').description('run the server with a demonstration app to play with'),
  ).action(async () => {
    const kept = command.args.some((word) => /^--data(=|$)/.test(word)) || Boolean(terminal.env.GATEHOUSE_DATA)
    // Settings are judged before a folder is made, so that a mistyped one leaves nothing behind.
    configOf(terminal, ['--demo', ...command.args])
    if (kept) return serveUntilTold(terminal, configOf(terminal, ['--demo', ...command.args]))
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    note(terminal, 'Everything is kept in a temporary folder and gone when this ends; --data FOLDER keeps it.')
    return serveUntilTold(terminal, configOf(terminal, ['--demo', '--data', folder, ...command.args]))
  })
  return teach(command, {
    examples: ['gatehouse demo', 'gatehouse demo --port 9000 --data ./demo'],
    next: ['Open the page that it prints, or paste the proof.'],
    more: 'Takes every setting of `gatehouse serve`.',
  })
}
