import { Command } from 'commander'
import { appCommand } from './commands/app.ts'
import { checkCommand } from './commands/check.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { importCommand } from './commands/import.ts'
import { keyCommand } from './commands/key.ts'
import { loginCommand } from './commands/login.ts'
import { mediaKeyCommand } from './commands/media-key.ts'
import { openapiCommand } from './commands/openapi.ts'
import { revokeCommand } from './commands/revoke.ts'
import { serveCommand } from './commands/serve.ts'
import { tokenCommand } from './commands/token.ts'
import { userCommand } from './commands/user.ts'
import { versionCommand } from './commands/version.ts'
import { EXIT_MEANINGS, type ExitCode } from './exit-code.ts'
import { teach } from './teach.ts'
import type { Terminal } from './terminal.ts'
import { VERSION } from './version.ts'

/**
 * The whole command line. Commands call `end` where they end with another code than 0 without having failed.
 * Errors of usage and the end of help are thrown as commander's errors, never `process.exit`.
 */
export function createProgram(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const program = new Command('gatehouse')
    .description('Gatehouse stands between media and the people who look at it.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'explain a command')
    .addCommand(serveCommand(terminal))
    .addCommand(demoCommand(terminal))
    .addCommand(appCommand(terminal))
    .addCommand(keyCommand(terminal))
    .addCommand(mediaKeyCommand(terminal))
    .addCommand(userCommand(terminal))
    .addCommand(loginCommand(terminal))
    .addCommand(tokenCommand(terminal))
    .addCommand(revokeCommand(terminal))
    .addCommand(checkCommand(terminal, end))
    .addCommand(importCommand(terminal, end))
    .addCommand(doctorCommand(terminal, end))
    .addCommand(openapiCommand(terminal))
    .addCommand(versionCommand(terminal))
  teach(program, {
    examples: ['gatehouse demo', 'gatehouse serve --data ./data', 'gatehouse doctor'],
    next: ['gatehouse COMMAND --help   explains a command, with examples'],
    more: `Exit codes:${EXIT_MEANINGS.map(([code, meaning]) => `\n  ${String(code).padStart(3)}  ${meaning}`).join('')}`,
  })
  for (const command of commandsBelow(program)) {
    command.exitOverride().configureHelp({ showGlobalOptions: false }).helpOption('-h, --help', 'explain this command')
    command.configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text.replace(/^error: /, 'gatehouse: ')),
      getOutHelpWidth: () => Math.min(terminal.stdout.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(terminal.stderr.columns ?? 100, 120),
    })
    command.showSuggestionAfterError()
  }
  return program
}

/** A command and all commands below it. */
export function commandsBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsBelow)]
}
