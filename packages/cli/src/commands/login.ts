import { Command } from 'commander'
import type { LoginView } from '../answers.ts'
import { type AppOptions, appOf, appPath, connect, withinApp } from '../connection.ts'
import { teach } from '../teach.ts'
import { note, print, type Terminal, table } from '../terminal.ts'

/** `gatehouse login`: the login sessions of a user. */
export function loginCommand(terminal: Terminal): Command {
  return teach(
    new Command('login')
      .description('begin, list and end login sessions of a user')
      .addCommand(begin(terminal))
      .addCommand(list(terminal))
      .addCommand(end(terminal)),
    { examples: ['gatehouse login begin anna --app APP'], next: ['gatehouse login end anna --app APP'] },
  )
}

function begin(terminal: Terminal): Command {
  const command = withinApp(
    new Command('begin')
      .description('begin a session; its token is shown once')
      .argument('<uid>', 'the id of the user'),
  ).action(async (uid: string, options: AppOptions) => {
    const client = connect(terminal, options)
    const app = await appOf(terminal, options, client)
    const login = await client.call<LoginView>('POST', appPath(app, 'users', uid, 'logins'))
    print(terminal, options.json, login, login.token ?? '')
    if (options.json !== true) note(terminal, `id ${login.id}, valid until it is ended`)
  })
  return teach(command, { examples: ['gatehouse login begin anna --app APP'] })
}

function list(terminal: Terminal): Command {
  const command = withinApp(
    new Command('list')
      .description('list the open sessions of a user, newest first')
      .argument('<uid>', 'the id of the user'),
  ).action(async (uid: string, options: AppOptions) => {
    const client = connect(terminal, options)
    const logins = await client.list<LoginView>(appPath(await appOf(terminal, options, client), 'users', uid, 'logins'))
    const rows = logins.map(({ id, createdAt }) => [id, createdAt])
    print(terminal, options.json, { items: logins, next: null }, table(['id', 'began'], rows))
  })
  return teach(command, { examples: ['gatehouse login list anna --app APP'], next: ['gatehouse login end anna LOGIN'] })
}

function end(terminal: Terminal): Command {
  const command = withinApp(
    new Command('end')
      .description('end one session, or all of a user, for good')
      .argument('<uid>', 'the id of the user')
      .argument('[login]', 'the id of one session; without it all of them end'),
  ).action(async (uid: string, login: string | undefined, options: AppOptions) => {
    const client = connect(terminal, options)
    const one = login === undefined ? [] : [login]
    await client.call<null>('DELETE', appPath(await appOf(terminal, options, client), 'users', uid, 'logins', ...one))
    const ended = { user: uid, login: login ?? null, ended: true }
    print(terminal, options.json, ended, `ended ${login ?? 'all sessions'} of ${uid}`)
  })
  return teach(command, {
    examples: ['gatehouse login end anna --app APP', 'gatehouse login end anna LOGIN --app APP'],
    more: 'The user can begin a new session at once. To lock somebody out, use `gatehouse user deactivate`.',
  })
}
