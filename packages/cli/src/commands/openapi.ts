import { Command } from 'commander'
import { type ConnectionOptions, connect, connected } from '../connection.ts'
import { teach } from '../teach.ts'
import type { Terminal } from '../terminal.ts'

/** `gatehouse openapi`: the description of the API, from the server that runs. */
export function openapiCommand(terminal: Terminal): Command {
  const command = connected(new Command('openapi').description('print the OpenAPI document of the native API')).action(
    async (options: ConnectionOptions) => {
      const document = await connect(terminal, options).call<object>('GET', '/openapi.json')
      terminal.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    },
  )
  return teach(command, {
    examples: ['gatehouse openapi > openapi.json'],
    next: ['The same document can be read as pages at /docs of the server.'],
  })
}
