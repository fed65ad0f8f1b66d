import { Command } from 'commander'
import type { AppView, Changed } from '../answers.ts'
import { appPath, type ConnectionOptions, connect, connected } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { changedText } from '../revocation.ts'
import { teach } from '../teach.ts'
import { fields, print, type Terminal, table } from '../terminal.ts'

/** `gatehouse app`: the tenants of an installation and their settings. */
export function appCommand(terminal: Terminal): Command {
  return teach(
    new Command('app')
      .description('make, list, change and delete apps')
      .addCommand(create(terminal))
      .addCommand(list(terminal))
      .addCommand(show(terminal))
      .addCommand(set(terminal))
      .addCommand(remove(terminal)),
    { examples: ['gatehouse app create "My chat"'], next: ['gatehouse key create --app APP --name backend'] },
  )
}

function create(terminal: Terminal): Command {
  const command = connected(
    new Command('create').description('make an app').argument('<name>', 'what it is called, for people'),
  )
    .option('--set <name=value>', 'a setting, such as linkSeconds=3600; may be repeated', collect)
    .action(async (name: string, options: ConnectionOptions & { set?: readonly string[] }) => {
      const settings = options.set === undefined ? {} : { settings: settingsFrom(options.set) }
      const app = await connect(terminal, options).call<AppView>('POST', '/v1/apps', { name, ...settings })
      print(terminal, options.json, app, appText(app))
    })
  return teach(command, {
    examples: ['gatehouse app create "My chat" --set linkSeconds=86400'],
    next: ['gatehouse key create --app APP --name backend   makes a key for your backend'],
  })
}

function list(terminal: Terminal): Command {
  const command = connected(new Command('list').description('list all apps')).action(
    async (options: ConnectionOptions) => {
      const apps = await connect(terminal, options).list<AppView>('/v1/apps')
      const rows = apps.map(({ id, name, createdAt }) => [id, createdAt, name])
      print(terminal, options.json, { items: apps, next: null }, table(['id', 'created', 'name'], rows))
    },
  )
  return teach(command, { examples: ['gatehouse app list --json'] })
}

function show(terminal: Terminal): Command {
  const command = connected(
    new Command('show').description('show an app with all its settings').argument('<app>', 'its id'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const app = await connect(terminal, options).call<AppView>('GET', appPath(id))
    print(terminal, options.json, app, appText(app))
  })
  return teach(command, {
    examples: ['gatehouse app show 6f1d0c2b7a9e4d3f8b5c1a20'],
    next: ['gatehouse app set APP name=value'],
  })
}

function set(terminal: Terminal): Command {
  const command = connected(
    new Command('set')
      .description('change settings of an app')
      .argument('<app>', 'its id')
      .argument('<name=value...>', 'values are JSON, or text; null takes the default again'),
  )
    .option('--name <name>', 'a new name for the app')
    .action(async (id: string, pairs: readonly string[], options: ConnectionOptions & { name?: string }) => {
      const body = { settings: settingsFrom(pairs), ...(options.name === undefined ? {} : { name: options.name }) }
      const app = await connect(terminal, options).call<Changed<AppView>>('PATCH', appPath(id), body)
      print(terminal, options.json, app, appText(app))
    })
  return teach(command, {
    examples: [
      'gatehouse app set APP linkSeconds=3600 noStore=true',
      `gatehouse app set APP 'allowedOrigins=["https://chat.example"]'`,
    ],
    more: '`gatehouse app show APP` lists every setting with its value; the API reference explains them.',
  })
}

function remove(terminal: Terminal): Command {
  const command = connected(
    new Command('delete').description('delete an app with everything in it, for good').argument('<app>', 'its id'),
  )
    .option('--yes', 'really')
    .action(async (id: string, options: ConnectionOptions & { yes?: boolean }) => {
      if (options.yes !== true) {
        throw new Failure(
          EXIT.usage,
          'not_confirmed',
          `This deletes the app ${id} with all its users and files, for good.`,
          {
            cure: 'Add --yes where that is what you want.',
          },
        )
      }
      const answer = await connect(terminal, options).call<Changed<object> | null>('DELETE', appPath(id))
      print(terminal, options.json, { id, deleted: true, ...answer }, `deleted ${id}${changedText(answer)}`)
    })
  return teach(command, { examples: ['gatehouse app delete APP --yes'] })
}

/** `name=value` pairs as settings: a value is JSON where it reads as such, else text. */
export function settingsFrom(pairs: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new Failure(EXIT.usage, 'setting_not_readable', `${JSON.stringify(pair)} is not name=value.`)
      return [pair.slice(0, at), settingValue(pair.slice(at + 1))]
    }),
  )
}

function settingValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function collect(pair: string, before: readonly string[] = []): readonly string[] {
  return [...before, pair]
}

function appText(app: AppView): string {
  const settings = Object.entries(app.settings).map(([name, value]) => [`  ${name}`, JSON.stringify(value)] as const)
  return fields([['id', app.id], ['name', app.name], ['created', app.createdAt], ['settings', ''], ...settings])
}
