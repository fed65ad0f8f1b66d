import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { createProgram } from './program.ts'

/** The page `docs/reference/cli.md`, made from what `--help` says. */
export function cliMarkdown(): string {
  const nowhere = new PassThrough()
  const program = createProgram({ env: {}, stdin: nowhere, stdout: nowhere, stderr: nowhere }, () => {})
  return `${PREFACE}\n${sections(program, '').join('\n')}`
}

const PREFACE = `# The gatehouse command

Every command explains itself with \`--help\`; this page is generated from that. Data goes to standard output, everything else to
standard error. Settings of the server are listed in [settings](settings.md).
`

function sections(command: Command, above: string): string[] {
  const name = `${above} ${command.name()}`.trim()
  const own = `## ${name}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`
  return [own, ...command.commands.flatMap((below) => sections(below, name))]
}

/** The help without the table of settings, which has a page of its own. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (piece) => (text += piece), getOutHelpWidth: () => 100 })
  command.outputHelp()
  return text.replace(/\nSettings, each also as a variable[\s\S]*?(?=\n\n(?:It prints|Example))/, '').trim()
}
