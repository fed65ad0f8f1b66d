import { Command } from 'commander'
import { teach } from '../teach.ts'
import { print, type Terminal } from '../terminal.ts'
import { VERSION } from '../version.ts'

/** `gatehouse version`. */
export function versionCommand(terminal: Terminal): Command {
  const command = new Command('version')
    .description('print the versions of Gatehouse and of what it runs on')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      const { node } = process.versions
      const { platform, arch } = process
      const text = `gatehouse ${VERSION} (Node ${node}, ${platform} ${arch})`
      print(terminal, options.json, { gatehouse: VERSION, node, platform, arch }, text)
    })
  return teach(command, { examples: ['gatehouse version --json'] })
}
