import { Command } from 'commander'
import type { Inspection, IssuedToken } from '../answers.ts'
import { type AppOptions, appOf, appPath, connect, connected, credentialOf, withinApp } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { type GrantOptions, granting, grantsOf, positive, wholeNumber } from '../grants.ts'
import { signOffline } from '../offline-token.ts'
import { teach } from '../teach.ts'
import { coloured, note, print, type Terminal, table } from '../terminal.ts'

/** `gatehouse token`: issues grant tokens and explains tokens of every kind. */
export function tokenCommand(terminal: Terminal): Command {
  return teach(
    new Command('token')
      .description('issue tokens, and see why one is refused')
      .addCommand(issue(terminal))
      .addCommand(media(terminal))
      .addCommand(inspect(terminal)),
    { examples: ['gatehouse token inspect TOKEN'] },
  )
}

type IssueOptions = AppOptions &
  GrantOptions & { subject?: string; seconds: number; offline?: boolean; sequence?: number }

function issue(terminal: Terminal): Command {
  const command = withinApp(new Command('issue').description('issue a token that permits what --grant says'))
    .option('--subject <uid>', 'whom it is for')
    .option('--seconds <number>', 'how long it lives', positive, 3600)
    .option('--offline', 'sign it here with the API key (HS256), without asking the server')
    .option(
      '--sequence <number>',
      'with --offline: the sequence of the last revocation that you know of, 0 before the first; without it, any voids the token',
      wholeNumber,
    )
  granting(command).action(async (options: IssueOptions) => {
    const grants = grantsOf(options)
    if (grants === undefined) {
      throw new Failure(EXIT.usage, 'grant_missing', 'A token without a grant permits nothing.', {
        cure: 'Say what it permits, such as --grant read@/apps/APP/conversations/general.',
      })
    }
    const { subject, seconds, sequence } = options
    if (sequence !== undefined && options.offline !== true) {
      throw new Failure(EXIT.usage, 'sequence_not_needed', '--sequence goes with --offline; the server knows its own.')
    }
    const token = options.offline === true ? offline() : await remote()
    print(terminal, options.json, token, token.token)
    if (options.json !== true) note(terminal, `id ${token.id}, valid until ${token.expiresAt}`)

    function offline(): IssuedToken {
      return signOffline({
        key: credentialOf(terminal, options),
        subject: subject ?? null,
        ...(sequence === undefined ? {} : { sequence }),
        grants: grants ?? [],
        seconds,
      })
    }

    async function remote(): Promise<IssuedToken> {
      const client = connect(terminal, options)
      const body = { ...(subject === undefined ? {} : { subject }), grants, seconds }
      return client.call<IssuedToken>('POST', appPath(await appOf(terminal, options, client), 'tokens'), body)
    }
  })
  return teach(command, {
    examples: [
      'gatehouse token issue --app APP --subject anna --grant read@/apps/APP/conversations/general',
      'gatehouse token issue --offline --key ID:SECRET --grant read@/apps/APP/conversations/general --seconds 600',
    ],
    next: ['gatehouse token inspect TOKEN', 'gatehouse revoke --token ID --app APP'],
  })
}

function media(terminal: Terminal): Command {
  const command = withinApp(
    new Command('media')
      .description('issue a media token for each path: the app, a conversation, or a file')
      .argument('<path...>', 'such as /apps/APP/conversations/general'),
  ).action(async (paths: string[], options: AppOptions) => {
    const client = connect(terminal, options)
    const path = appPath(await appOf(terminal, options, client), 'media-tokens')
    const issued = await client.call<{ readonly tokens: Readonly<Record<string, string>> }>('POST', path, { paths })
    const lines = Object.entries(issued.tokens).map(([each, token]) => `${each}\n  ${token}`)
    print(terminal, options.json, issued, lines.join('\n'))
  })
  return teach(command, {
    examples: ['gatehouse token media --app APP /apps/APP/conversations/general'],
    next: ['gatehouse token inspect TOKEN', 'gatehouse revoke --media-tokens --app APP'],
    more: 'A browser swaps one for a cookie at /v1/cookie; elsewhere it is sent as bearer.',
  })
}

type InspectOptions = AppOptions & { forUrl?: string; ip?: string; userAgent?: string; at?: string }

function inspect(terminal: Terminal): Command {
  const command = connected(
    new Command('inspect')
      .description('explain a token of any kind, step by step')
      .argument('<token>', 'the token, or a whole URL that carries one; - reads it from standard input'),
  )
    .option('--for-url <url>', 'judge it for a request to this URL')
    .option('--ip <address>', '… from this address')
    .option('--user-agent <text>', '… with this user agent')
    .option('--at <time>', '… at this time (ISO 8601)')
    .action(async (given: string, options: InspectOptions) => {
      const text = given === '-' ? (await textOf(terminal.stdin)).trim() : given
      const { forUrl, ip, userAgent, at } = options
      const named = Object.entries({ url: forUrl, ip, userAgent, at }).filter(([, value]) => value !== undefined)
      const body = { token: text, ...Object.fromEntries(named) }
      const answer = await connect(terminal, options).call<Inspection>('POST', '/v1/tokens/inspect', body)
      print(terminal, options.json, answer, inspectionText(terminal, answer))
    })
  return teach(command, {
    examples: [
      'gatehouse token inspect eyJhbGciOi… --for-url http://127.0.0.1:8080/apps/APP/KEY/plan.pdf',
      "gatehouse token inspect 'https://chat.example.com/media/https://media.example.com/apps/…/lake.jpg?t=…'",
      'pbpaste | gatehouse token inspect -',
    ],
    more: 'The server neither stores nor logs the token. Reading it from standard input keeps it out of the shell history.',
  })
}

function inspectionText(terminal: Terminal, { kind, verified, key, claims, steps, decision }: Inspection): string {
  const mark = { pass: coloured(terminal.stdout, 'green', 'pass'), fail: coloured(terminal.stdout, 'red', 'fail') }
  const rows = steps.map(({ check, outcome, detail }) => [mark[outcome as keyof typeof mark] ?? outcome, check, detail])
  const verdict =
    decision === null
      ? 'no decision: say --for-url to have it judged for a request'
      : decision.allow
        ? coloured(terminal.stdout, 'green', 'allowed')
        : `${coloured(terminal.stdout, 'red', 'refused')}: ${decision.reason}. ${decision.sentence}`
  return [
    `${kind ?? 'unknown kind'}, ${verified ? 'verified' : 'not verified'}${key === null ? '' : `, key ${key.id} (${key.state})`}`,
    ...(claims === null || claims === undefined ? [] : [`claims ${JSON.stringify(claims)}`]),
    '',
    table(['', 'check', 'detail'], rows),
    '',
    verdict,
  ].join('\n')
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}
