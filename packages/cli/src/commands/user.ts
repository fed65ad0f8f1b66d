import { Command } from 'commander'
import type { Changed, UserView } from '../answers.ts'
import { type AppOptions, appOf, appPath, connect, withinApp } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { changedText } from '../revocation.ts'
import { teach } from '../teach.ts'
import { print, type Terminal, table } from '../terminal.ts'

/** `gatehouse user`: the users of an app. */
export function userCommand(terminal: Terminal): Command {
  return teach(
    new Command('user')
      .description('register, list, deactivate and delete users')
      .addCommand(put(terminal))
      .addCommand(list(terminal))
      .addCommand(
        standing(terminal, 'deactivate', 'all their links and tokens stop working until they are activated again'),
      )
      .addCommand(standing(terminal, 'activate', 'the same links and tokens work again'))
      .addCommand(standing(terminal, 'delete', 'everything they held is revoked, for good')),
    { examples: ['gatehouse user deactivate anna --app APP'], next: ['gatehouse user activate anna --app APP'] },
  )
}

function put(terminal: Terminal): Command {
  const command = withinApp(new Command('put').description('register a user, or change one').argument('<uid>'))
    .option('--name <name>', 'the name to show')
    .option('--metadata <json>', 'an object with whatever the app wants to keep', object)
    .action(async (uid: string, options: AppOptions & { name?: string; metadata?: object }) => {
      const client = connect(terminal, options)
      const app = await appOf(terminal, options, client)
      const body = {
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
      }
      const user = await client.call<UserView>('PUT', appPath(app, 'users', uid), body)
      print(terminal, options.json, user, `${user.id}  ${user.status}  ${user.name ?? ''}`.trimEnd())
    })
  return teach(command, {
    examples: ['gatehouse user put anna --name Anna --app APP'],
    next: ['gatehouse user list --app APP'],
  })
}

function list(terminal: Terminal): Command {
  const command = withinApp(new Command('list').description('list the users of an app')).action(
    async (options: AppOptions) => {
      const client = connect(terminal, options)
      const users = await client.list<UserView>(appPath(await appOf(terminal, options, client), 'users'))
      const rows = users.map(({ id, status, name }) => [id, status, name ?? ''])
      print(terminal, options.json, { items: users, next: null }, table(['id', 'status', 'name'], rows))
    },
  )
  return teach(command, { examples: ['gatehouse user list --app APP --json'] })
}

function standing(terminal: Terminal, verb: 'deactivate' | 'activate' | 'delete', effect: string): Command {
  const command = withinApp(new Command(verb).description(`${verb} a user: ${effect}`).argument('<uid>')).action(
    async (uid: string, options: AppOptions) => {
      const client = connect(terminal, options)
      const app = await appOf(terminal, options, client)
      const [method, path] =
        verb === 'delete' ? ['DELETE', appPath(app, 'users', uid)] : ['POST', appPath(app, 'users', uid, verb)]
      const answer = await client.call<Changed<UserView> | null>(method, path)
      print(terminal, options.json, answer ?? { id: uid, deleted: true }, `${verb}d ${uid}${changedText(answer)}`)
    },
  )
  return teach(command, { examples: [`gatehouse user ${verb} anna --app APP`] })
}

function object(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Told below, together with JSON that is no object.
  }
  throw new Failure(EXIT.usage, 'metadata_not_readable', '--metadata has to be a JSON object, such as {"team":"blue"}.')
}
