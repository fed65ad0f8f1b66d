import type { Config } from '@gatehouse/server/config'
import { Command } from 'commander'
import { configOf, configured } from '../configured.ts'
import { connect } from '../connection.ts'
import type { Finding } from '../doctor/finding.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { teach } from '../teach.ts'
import { coloured, print, type Terminal } from '../terminal.ts'

/** `gatehouse doctor`: what is insecure or missing, and what to do about it. */
export function doctorCommand(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const command = configured(
    new Command('doctor').description('say what is insecure or missing in the configuration, with the cure'),
  )
    .option('--url <url>', 'the running server (GATEHOUSE_URL; default: host and port of the settings)')
    .option('--json', 'the findings as JSON')
    .action(async (options: { url?: string; json?: boolean }) => {
      const config = configOf(terminal, command.args, 'doctor')
      const { env } = terminal
      const client = connect(terminal, { url: options.url ?? (env.GATEHOUSE_URL || listeningAt(config)) })
      const { examine } = await import('../doctor/examine.ts')
      const findings = await examine(config, { argv: command.args, env, client })
      print(terminal, options.json, { findings }, findingsText(terminal, findings))
      if (findings.some(({ level }) => level !== 'hint')) end(EXIT.findings)
    })
  return teach(command, {
    examples: ['gatehouse doctor --data /var/lib/gatehouse', 'gatehouse doctor --json'],
    next: ['gatehouse check   proves that every stored file is there and whole'],
    more:
      'Run it with the flags and variables of `gatehouse serve`. It opens database and file store, and writes one small file that it\n' +
      'removes again. Errors and warnings end it with 5, hints alone with 0.',
  })
}

/** Where the server itself listens: the public URL may lead through proxies that this machine does not reach. */
function listeningAt({ host, port }: Config): string {
  const reached = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

function findingsText(terminal: Terminal, findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing found.'
  const colours = { error: 'red', warning: 'yellow', hint: 'cyan' } as const
  return findings
    .map(({ level, code, sentence, cure }) => {
      const head = coloured(terminal.stdout, colours[level], level.padEnd(7))
      return `${head}  ${sentence}\n         ${cure} (${code})`
    })
    .join('\n')
}
