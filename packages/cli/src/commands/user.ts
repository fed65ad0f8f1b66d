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
      .description('register, list, deactivate, merge and delete users')
      .addCommand(put(terminal))
      .addCommand(list(terminal))
      .addCommand(
        standing(terminal, 'deactivate', 'all their links and tokens stop working until they are activated again'),
      )
      .addCommand(standing(terminal, 'activate', 'the same links and tokens work again'))
      .addCommand(merge(terminal))
      .addCommand(standing(terminal, 'delete', 'everything they held is revoked, for good')),
    { examples: ['gatehouse user deactivate anna --app APP'], next: ['gatehouse user activate anna --app APP'] },
  )
}

type Details = {
  readonly name?: string
  readonly role?: string
  readonly tags?: readonly string[]
  readonly profile?: object
  readonly metadata?: object
}

function put(terminal: Terminal): Command {
  const command = withinApp(
    new Command('put')
      .description('register a user, or change one')
      .argument('<uid>', 'the id of the user in your own system'),
  )
    .option('--name <name>', 'the name to show')
    .option('--role <text>', "what the app calls the user's part; it permits nothing")
    .option('--tags <words>', 'words to find the user by, with commas between; empty: none', words)
    .option('--profile <json>', 'an object with what others are shown, such as a picture', object('--profile'))
    .option('--metadata <json>', 'an object with whatever the app wants to keep', object('--metadata'))
    .action(async (uid: string, options: AppOptions & Details) => {
      const client = connect(terminal, options)
      const app = await appOf(terminal, options, client)
      const { name, role, tags, profile, metadata } = options
      // What is undefined is no part of the JSON.
      const body = { name, role, tags, profile, metadata }
      const user = await client.call<UserView>('PUT', appPath(app, 'users', uid), body)
      print(terminal, options.json, user, `${user.id}  ${user.status}  ${user.name ?? ''}`.trimEnd())
    })
  return teach(command, {
    examples: ['gatehouse user put anna --name Anna --app APP'],
    next: ['gatehouse user list --app APP', 'gatehouse login begin anna --app APP'],
  })
}

function list(terminal: Terminal): Command {
  const command = withinApp(new Command('list').description('list the users of an app'))
    .option('--search <text>', 'only those whose id or name holds this')
    .option('--role <text>', 'only those with this role')
    .option('--tag <word>', 'only those with this tag')
    .action(async (options: AppOptions & { search?: string; role?: string; tag?: string }) => {
      const client = connect(terminal, options)
      const app = await appOf(terminal, options, client)
      const { search, role, tag } = options
      const users = await client.list<UserView>(appPath(app, 'users'), { search, role, tag })
      const rows = users.map(({ id, status, role, tags, name }) => [id, status, role ?? '', tags.join(','), name ?? ''])
      const text = table(['id', 'status', 'role', 'tags', 'name'], rows)
      print(terminal, options.json, { items: users, next: null }, text)
    })
  return teach(command, {
    examples: ['gatehouse user list --app APP --json', 'gatehouse user list --search anna --tag beta --app APP'],
  })
}

function merge(terminal: Terminal): Command {
  const command = withinApp(
    new Command('merge')
      .description("make two users one: what was the other's is this user's from then on; cannot be undone")
      .argument('<uid>', 'who stays')
      .argument('<other>', 'who is merged into this one, and is gone'),
  ).action(async (uid: string, other: string, options: AppOptions) => {
    const client = connect(terminal, options)
    const app = await appOf(terminal, options, client)
    const answer = await client.call<Changed<UserView>>('POST', appPath(app, 'users', uid, 'merge'), { from: other })
    print(terminal, options.json, answer, `merged ${other} into ${uid}${changedText(answer)}`)
  })
  return teach(command, { examples: ['gatehouse user merge anna visitor-17 --app APP'] })
}

function standing(terminal: Terminal, verb: 'deactivate' | 'activate' | 'delete', effect: string): Command {
  const command = withinApp(
    new Command(verb).description(`${verb} a user: ${effect}`).argument('<uid>', 'the id of the user'),
  ).action(async (uid: string, options: AppOptions) => {
    const client = connect(terminal, options)
    const app = await appOf(terminal, options, client)
    const [method, path] =
      verb === 'delete' ? ['DELETE', appPath(app, 'users', uid)] : ['POST', appPath(app, 'users', uid, verb)]
    const answer = await client.call<Changed<UserView> | null>(method, path)
    print(terminal, options.json, answer ?? { id: uid, deleted: true }, `${verb}d ${uid}${changedText(answer)}`)
  })
  return teach(command, { examples: [`gatehouse user ${verb} anna --app APP`] })
}

const words = (text: string): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')

function object(option: string): (text: string) => object {
  return (text) => {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
    } catch {
      // Told below, together with JSON that is no object.
    }
    throw new Failure(
      EXIT.usage,
      'metadata_not_readable',
      `${option} has to be a JSON object, such as {"team":"blue"}.`,
    )
  }
}
