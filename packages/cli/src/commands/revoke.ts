import { Command } from 'commander'
import type { RevocationView } from '../answers.ts'
import { type AppOptions, appOf, appPath, connect, withinApp } from '../connection.ts'
import { EXIT } from '../exit-code.ts'
import { Failure } from '../failure.ts'
import { wholeNumber } from '../grants.ts'
import { revocationText } from '../revocation.ts'
import { teach } from '../teach.ts'
import { print, type Terminal } from '../terminal.ts'

type Targets = {
  readonly user?: string
  readonly token?: string
  readonly apiKey?: string
  readonly session?: string
  readonly conversation?: string
  readonly resource?: string
  readonly mediaTokens?: boolean
  readonly subject?: string
  readonly issuedBefore?: number
  readonly all?: boolean
  readonly yes?: boolean
}

/** `gatehouse revoke`: takes access back, for good and at once. */
export function revokeCommand(terminal: Terminal): Command {
  const command = withinApp(new Command('revoke').description('take access back at once; name exactly one thing'))
    .option('--user <uid>', 'everything issued for this user until now')
    .option('--token <token>', 'one token: its id, or itself')
    .option('--api-key <id>', 'this API key and everything issued with it')
    .option('--session <id>', 'one login or playback session')
    .option('--conversation <id>', 'everything issued for this conversation until now')
    .option('--media-tokens', 'all media tokens of the app, and the cookies that they were swapped for')
    .option('--resource <path>', 'everything issued until now for this resource and what lies below it')
    .option('--subject <uid>', 'with --issued-before: what was issued for this subject before a sequence')
    .option('--issued-before <sequence>', 'the sequence, from an earlier revocation', wholeNumber)
    .option('--all', 'everything issued in the app until now, links included; needs --yes')
    .option('--yes', 'really everything')
    .action(async (options: AppOptions & Targets) => {
      const target = targetOf(options)
      const client = connect(terminal, options)
      const app = await appOf(terminal, options, client)
      const body = target ?? { resource: `/apps/${encodeURIComponent(app)}` }
      const answer = await client.call<RevocationView>('POST', appPath(app, 'revocations'), body)
      print(terminal, options.json, answer, `revoked: ${revocationText(answer)}`)
    })
  return teach(command, {
    examples: ['gatehouse revoke --user anna --app APP', 'gatehouse revoke --all --yes --app APP'],
    next: ['gatehouse token inspect TOKEN   shows that it is refused, and why'],
    more:
      'Every request that starts after this has answered is refused, on every node. To be able to undo it, use\n' +
      '`gatehouse user deactivate` or `gatehouse key deactivate`.',
  })
}

/** The one thing named, as the API takes it; null means everything in the app. */
function targetOf(options: Targets): object | null {
  const { user, token, apiKey, session, conversation, resource, mediaTokens, subject, issuedBefore, all } = options
  const named = Object.entries({
    user,
    token,
    key: apiKey,
    session,
    conversation,
    resource,
    mediaTokens,
    subject,
    all,
  }).filter(([, value]) => value !== undefined)
  const [first] = named
  if (first === undefined || named.length > 1) {
    throw usage(
      `Name exactly one thing to revoke; ${named.length === 0 ? 'nothing was named' : `${named.length} were`}.`,
    )
  }
  if ((subject === undefined) !== (issuedBefore === undefined))
    throw usage('--subject and --issued-before go together.')
  if (all === true) {
    if (options.yes === true) return null
    throw usage('This revokes everything that was ever issued in the app. Add --yes where that is what you want.')
  }
  return subject === undefined ? Object.fromEntries([first]) : { subject, issuedBefore }
}

function usage(sentence: string): Failure {
  return new Failure(EXIT.usage, 'target_not_clear', sentence, {
    cure: '`gatehouse revoke --help` lists what there is.',
  })
}
