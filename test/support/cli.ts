import assert from 'node:assert/strict'
import { ADMIN, type Gatehouse, runGatehouse, startGatehouse } from './gatehouse.ts'
import { createApp, type Tenant } from './tenant.ts'

/** How a command ended, and what it wrote. */
export type Result = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** Runs commands against one server. */
export type Cli = {
  /** Runs a command, inside the tenant's app and with the account-wide key unless `env` says otherwise. */
  readonly run: (words: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Result>
  /** Runs a command with `--json` that has to succeed, and answers what it printed. */
  readonly json: <T = Record<string, unknown>>(...words: readonly string[]) => Promise<T>
}

/** A server with one app in it, and the commands of its operator. */
export type CliHouse = {
  readonly server: Gatehouse
  readonly app: Tenant
  readonly cli: Cli['run']
  readonly json: Cli['json']
}

/** Starts a server with one app, whose users `anna` and `bert` share the conversation of this name. */
export async function startCliHouse(conversation: string): Promise<CliHouse> {
  const server = await startGatehouse()
  const app = await createApp(server.admin)
  await app.users('anna', 'bert')
  await app.conversation(conversation, ['anna', 'bert'])
  const { run, json } = createCli(server, app)
  return { server, app, cli: run, json }
}

/** The commands of an operator whose shell knows the server, the key and the app. */
function createCli(server: Gatehouse, app: Tenant): Cli {
  const run: Cli['run'] = async (words, env = {}) => {
    const command = runGatehouse(words, {
      GATEHOUSE_URL: server.url,
      GATEHOUSE_KEY: `${ADMIN.id}:${ADMIN.secret}`,
      GATEHOUSE_DEFAULT_APP: app.id,
      ...env,
    })
    const { code } = await command.exited
    return { code, stdout: command.stdout(), stderr: command.stderr() }
  }
  return {
    run,
    async json<T>(...words: readonly string[]) {
      const { code, stdout, stderr } = await run([...words, '--json'])
      assert.equal(code, 0, stderr)
      assert.equal(stderr, '', 'nothing but data where JSON is asked for')
      return JSON.parse(stdout) as T
    },
  }
}
