import type { Command } from 'commander'
import type { AppView } from './answers.ts'
import { type Client, createClient } from './client.ts'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Options of every command that talks to a running server. */
export type ConnectionOptions = { readonly url?: string; readonly key?: string; readonly json?: boolean }

/** Options of a command that works inside one app. */
export type AppOptions = ConnectionOptions & { readonly app?: string }

/** Adds `--url`, `--key` and `--json`. */
export function connected(command: Command): Command {
  return command
    .option('--url <url>', 'the running server (GATEHOUSE_URL; default: http://127.0.0.1:8080)')
    .option('--key <id:secret>', 'the API key to work with (GATEHOUSE_KEY, or GATEHOUSE_ADMIN_KEY)')
    .option('--json', 'print the answer as JSON')
}

/** Adds `--app` to that. */
export function withinApp(command: Command): Command {
  return connected(command.option('--app <id>', 'the app (GATEHOUSE_DEFAULT_APP; default: the only one there is)'))
}

/** The client that options and variables ask for. */
export function connect(terminal: Terminal, options: ConnectionOptions): Client {
  const { env } = terminal
  const url = options.url ?? (env.GATEHOUSE_URL || 'http://127.0.0.1:8080')
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new Failure(EXIT.usage, 'url_not_readable', `${JSON.stringify(url)} is no URL such as http://127.0.0.1:8080.`)
  }
  return createClient(url.replace(/\/+$/, ''), credentialOf(terminal, options))
}

/** The key that options and variables name, or null. */
export function credentialOf({ env }: Terminal, options: ConnectionOptions): string | null {
  return options.key ?? (env.GATEHOUSE_KEY || env.GATEHOUSE_ADMIN_KEY || null)
}

/** The id of the app to work in: the one that was named, else the only one there is. */
export async function appOf(terminal: Terminal, options: AppOptions, client: Client): Promise<string> {
  const named = options.app ?? terminal.env.GATEHOUSE_DEFAULT_APP
  if (named) return named
  const apps = await client.list<AppView>('/v1/apps')
  const [only] = apps
  if (only !== undefined && apps.length === 1) return only.id
  throw new Failure(
    EXIT.usage,
    'app_not_named',
    apps.length === 0 ? 'There is no app yet.' : `There are ${apps.length} apps; which one?`,
    {
      cure:
        apps.length === 0 ? 'Make one: gatehouse app create NAME' : 'Say --app ID; `gatehouse app list` shows them.',
    },
  )
}

/** The path of an app in the native API, with segments below it. */
export function appPath(app: string, ...segments: readonly string[]): string {
  return ['/v1/apps', ...[app, ...segments].map(encodeURIComponent)].join('/')
}
