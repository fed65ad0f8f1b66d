import { Command } from 'commander'
import type { Changed, KeyView } from '../answers.ts'
import { configOf } from '../configured.ts'
import { type AppOptions, appOf, appPath, connect, withinApp } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { type GrantOptions, granting, grantsOf, positive } from '../grants.ts'
import { changedText } from '../revocation.ts'
import { teach } from '../teach.ts'
import { fields, note, print, type Terminal, table } from '../terminal.ts'

/** `gatehouse key`: API keys of an app. */
export function keyCommand(terminal: Terminal): Command {
  return teach(
    new Command('key')
      .description('make, list, deactivate and delete API keys')
      .addCommand(create(terminal))
      .addCommand(list(terminal))
      .addCommand(standing(terminal, 'deactivate', 'what it issued stops working until it is activated again'))
      .addCommand(standing(terminal, 'activate', 'it and what it issued work again'))
      .addCommand(standing(terminal, 'delete', 'it and what it issued are revoked, for good')),
    {
      examples: ['gatehouse key create --local --name first    the first key of a new installation'],
      next: ['export GATEHOUSE_KEY=ID:SECRET, so that the other commands use it'],
    },
  )
}

type CreateOptions = AppOptions & GrantOptions & { name: string; seconds?: number; local?: boolean }

function create(terminal: Terminal): Command {
  const command = withinApp(new Command('create').description('make an API key; its secret is shown once'))
    .requiredOption('--name <name>', 'what it is for, for people')
    .option('--seconds <number>', 'how long it lives (default: until it is revoked)', positive)
    .option('--local', 'work on the data folder or database itself, without a server; without --app: account-wide')
    .usage('[options] [settings]')
    .allowUnknownOption()
    .allowExcessArguments()
  granting(command).action(async (options: CreateOptions) => {
    const grants = grantsOf(options)
    const key = options.local === true ? await local() : await remote()
    print(terminal, options.json, key, keyText(key))
    if (options.json !== true) note(terminal, 'The secret is not shown again. Use both as GATEHOUSE_KEY=id:secret.')

    async function local(): Promise<KeyView> {
      const { createLocalKey } = await import('../local-key.ts')
      return createLocalKey(configOf(terminal, command.args, 'key create'), { ...options, grants })
    }

    async function remote(): Promise<KeyView> {
      const [stray] = command.args
      if (stray !== undefined) {
        throw new Failure(EXIT.usage, 'option_unknown', `${JSON.stringify(stray)} was not expected here.`, {
          cure: 'Settings such as --data go with --local only.',
        })
      }
      const client = connect(terminal, options)
      const app = await appOf(terminal, options, client)
      const { name, seconds } = options
      return client.call<KeyView>('POST', appPath(app, 'keys'), {
        name,
        ...(grants === undefined ? {} : { grants }),
        ...(seconds === undefined ? {} : { seconds }),
      })
    }
  })
  return teach(command, {
    examples: [
      'gatehouse key create --local --name first --data ./data',
      'gatehouse key create --app APP --name backend',
      'gatehouse key create --app APP --name viewer --grant read@/apps/APP/conversations/general',
    ],
    next: ['gatehouse token issue --app APP --grant read@/apps/APP --seconds 3600'],
    more: 'With --local it takes every setting of `gatehouse serve`, such as --data; give it those that the server has.',
  })
}

function list(terminal: Terminal): Command {
  const command = withinApp(new Command('list').description('list the keys of an app')).action(
    async (options: AppOptions) => {
      const client = connect(terminal, options)
      const keys = await client.list<KeyView>(appPath(await appOf(terminal, options, client), 'keys'))
      const rows = keys.map((key) => [key.id, key.status ?? '', key.createdAt, grantsText(key), key.name])
      print(
        terminal,
        options.json,
        { items: keys, next: null },
        table(['id', 'status', 'created', 'grants', 'name'], rows),
      )
    },
  )
  return teach(command, { examples: ['gatehouse key list --app APP'], next: ['gatehouse key deactivate KEY'] })
}

function standing(terminal: Terminal, verb: 'deactivate' | 'activate' | 'delete', effect: string): Command {
  const command = withinApp(
    new Command(verb).description(`${verb} a key: ${effect}`).argument('<key>', 'its id'),
  ).action(async (id: string, options: AppOptions) => {
    const client = connect(terminal, options)
    const app = await appOf(terminal, options, client)
    const [method, path] =
      verb === 'delete' ? ['DELETE', appPath(app, 'keys', id)] : ['POST', appPath(app, 'keys', id, verb)]
    const answer = await client.call<Changed<KeyView> | null>(method, path)
    print(terminal, options.json, answer ?? { id, deleted: true }, `${verb}d ${id}${changedText(answer)}`)
  })
  return teach(command, { examples: [`gatehouse key ${verb} KEY --app APP`] })
}

function keyText(key: KeyView): string {
  return fields([
    ['id', key.id],
    ...(key.secret === undefined ? [] : [['secret', key.secret] as const]),
    ['name', key.name],
    ['grants', grantsText(key)],
  ])
}

function grantsText(key: KeyView): string {
  return key.grants
    .map(
      ({ actions, resource, limits }) => `${actions.join(',')}@${resource}${limits === undefined ? '' : ' (limited)'}`,
    )
    .join(' ')
}
