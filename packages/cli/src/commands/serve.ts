import type { Config } from '@gatehouse/server/config'
import type { Serving } from '@gatehouse/server/main'
import { Command } from 'commander'
import { configOf, configured, settingsHelp } from '../configured.ts'
import { teach } from '../teach.ts'
import { note, type Terminal } from '../terminal.ts'
import { tellUpgrade } from '../upgrade-note.ts'

/** `gatehouse serve`: the server itself. */
export function serveCommand(terminal: Terminal): Command {
  const command = configured(new Command('serve').description('run the server until SIGTERM or SIGINT')).action(() =>
    serveUntilTold(terminal, configOf(terminal, command.args)),
  )
  command.addHelpText('after', () => settingsHelp(terminal.stdout.columns))
  return teach(command, {
    examples: [
      'gatehouse serve --data /var/lib/gatehouse',
      'GATEHOUSE_ADMIN_KEY=admin:$(openssl rand -hex 32) gatehouse serve',
    ],
    next: [
      'gatehouse doctor                            says what is insecure or missing in the configuration',
      'gatehouse key create --local --name first   makes the first key',
    ],
    more: 'It prints `gatehouse ready on URL` when it accepts connections. SIGTERM lets open requests finish; a second one ends at once.',
  })
}

/**
 * Serves, says so, and answers when everything is closed after a signal; the second signal ends the process at once. Raises what the
 * server fails of on its own.
 */
export async function serveUntilTold(terminal: Terminal, config: Config): Promise<void> {
  const { serve } = await import('@gatehouse/server/main')
  const signal = signalled()
  const serving = await serve(config, tellUpgrade(terminal))
  terminal.stdout.write(`gatehouse ready on ${serving.url}\n`)
  if (config.demo) {
    const { proofOf } = await import('../demo-proof.ts')
    terminal.stdout.write(`${await proofOf(serving)}\n`)
  } else if (await isWithoutKeys(serving).catch(() => false)) {
    note(
      terminal,
      'There is no key yet. `gatehouse key create --local --name first`, with the same settings, makes one.',
    )
  }
  const fault = await Promise.race([signal, serving.failed])
  if (fault !== null) throw fault
  await serving.close()
}

/** Nobody can call the API yet, nor was there ever an app: a first start without an admin key. */
async function isWithoutKeys({ config, storage: { records } }: Serving): Promise<boolean> {
  if (config.adminKey !== null) return false
  const [keys, apps] = await Promise.all([
    records.keys.list(null, { limit: 1, after: null }),
    records.apps.list({ limit: 1, after: null }),
  ])
  return keys.items.length === 0 && apps.items.length === 0
}

/** Settles at the first signal to end, also where it comes before the server is ready. */
function signalled(): Promise<null> {
  return new Promise((resolve) => {
    let told = false
    const end = (signal: NodeJS.Signals) => {
      if (told) process.exit(signal === 'SIGINT' ? 130 : 143)
      told = true
      resolve(null)
    }
    process.on('SIGTERM', end).on('SIGINT', end)
  })
}
