import { type Config, readConfig } from '@gatehouse/server/config'
import { settingsText } from '@gatehouse/server/config-text'
import type { Command } from 'commander'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Lets a command take the settings of `serve` as flags; they are read by {@link configOf}, which tells all errors at once. */
export function configured(command: Command): Command {
  return command.allowUnknownOption().allowExcessArguments().usage('[options] [settings]')
}

/** The table of settings, for the help of `serve`. */
export function settingsHelp(columns: number | undefined): string {
  const table = settingsText(Math.min(columns ?? 100, 120))
  return `\nSettings, each also as a variable (--public-url: GATEHOUSE_PUBLIC_URL); secrets and URLs with passwords also from a file\n(--master-key-file, GATEHOUSE_MASTER_KEY_FILE):\n\n${table}`
}

/**
 * The configuration that flags and variables say. Raises {@link Failure} (`usage`) with every error, one a line. `command` is the one that takes
 * options of its own beside them.
 */
export function configOf(terminal: Terminal, flags: readonly string[], command = 'serve'): Config {
  const read = readConfig(flags, terminal.env)
  if (read.ok) return read.config
  const cure =
    command === 'serve'
      ? '`gatehouse serve --help` lists every setting.'
      : `\`gatehouse ${command} --help\` lists the options, \`gatehouse serve --help\` every setting.`
  throw new Failure(EXIT.usage, 'settings_not_valid', read.errors.join('\n'), { cure })
}
