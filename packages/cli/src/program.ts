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
import { EXIT, EXIT_MEANINGS, type ExitCode } from './exit-code.ts'
import { Failure } from './failure.ts'
import { teach } from './teach.ts'
import type { Terminal } from './terminal.ts'
import { VERSION } from './version.ts'

/**
 * The whole command line. Commands call `end` where they end with another code than 0 without having failed.
 * Errors of usage and the end of help are thrown as commander's errors, never `process.exit`.
 */
export function createProgram(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const program = new Command('gatehouse')
    .helpCommand(false)
    .description('Gatehouse stands between media and the people who look at it.')
    .version(VERSION, '-V, --version', 'print the version')
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
    .addCommand(helpCommand())
  teach(program, {
    examples: ['gatehouse demo', 'gatehouse serve --data ./data', 'gatehouse doctor'],
    next: ['gatehouse COMMAND --help   explains a command, with examples'],
    more: `Exit codes:${EXIT_MEANINGS.map(([code, meaning]) => `\n  ${String(code).padStart(3)}  ${meaning}`).join('')}`,
  })
  for (const [command, name] of named(program, program.name())) {
    if (command !== program && command.commands.length > 0) command.helpCommand('help [command]', 'explain a command')
    command
      .showHelpAfterError(`  \`${name} --help\` explains it.`)
      .exitOverride()
      .configureHelp({ showGlobalOptions: false })
      .helpOption('-h, --help', 'explain this command')
    command.configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) =>
        terminal.stderr.write(text.replace(/^error: /, 'gatehouse: ').replace(/\.?\n\((Did you mean .+\?)\)/, '. $1')),
      getOutHelpWidth: () => Math.min(terminal.stdout.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(terminal.stderr.columns ?? 100, 120),
    })
    command.showSuggestionAfterError()
  }
  return program
}

/** `gatehouse help app create` is `gatehouse app create --help`. */
function helpCommand(): Command {
  const command = new Command('help').description('explain a command').argument('[command...]', 'such as app create')
  command.action((words: readonly string[]) => {
    let found = command.parent
    for (const word of words) {
      // A group explains itself where it is asked for its `help`.
      found = found?.commands.find((each) => each.name() === word) ?? (word === 'help' ? found : null)
    }
    if (found === null) {
      throw new Failure(EXIT.usage, 'command_unknown', `There is no command \`${words.join(' ')}\`.`, {
        cure: '`gatehouse --help` lists what there is.',
      })
    }
    found.help()
  })
  return teach(command, { examples: ['gatehouse help app create'] })
}

/** A command and all commands below it, each as it is called. */
function named(command: Command, name: string): readonly (readonly [Command, string])[] {
  return [[command, name], ...command.commands.flatMap((below) => named(below, `${name} ${below.name()}`))]
}

/** A command and all commands below it. */
export function commandsBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(commandsBelow)]
}
