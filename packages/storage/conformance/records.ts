import type { Records } from '../src/records/port.ts'
import { appCases } from './records-apps.ts'
import { attachmentCases } from './records-attachments.ts'
import { changeCases } from './records-changes.ts'
import { conversationCases } from './records-conversations.ts'
import { historyCases } from './records-history.ts'
import { keyCases } from './records-keys.ts'
import { knownCases, knownElsewhereCases } from './records-known.ts'
import { loginCases } from './records-logins.ts'
import { mediaKeyCases } from './records-media-keys.ts'
import { memberCases } from './records-members.ts'
import { messageCases } from './records-messages.ts'
import { onceCases } from './records-once.ts'
import { sharedCases } from './records-shared.ts'
import { standingCases } from './records-standing.ts'
import { talkCases } from './records-talks.ts'
import { userMergeCases } from './records-user-merges.ts'
import { userCases } from './records-users.ts'
import { viewCases } from './records-views.ts'
import { webhookCases } from './records-webhooks.ts'
import { createWorld, type World } from './records-world.ts'

/** A database made for the suite: new and empty. */
export type RecordsUnderTest = {
  /** Opens the database; the suite closes what it opened. */
  open(): Promise<Records>
  /** Removes the database, after everything is closed. */
  end(): Promise<void>
}

/** The runner's functions: those of `node:test`. */
export type Runner = {
  readonly describe: (name: string, body: () => void) => unknown
  readonly test: (name: string, body: () => Promise<void>) => unknown
  readonly before: (body: () => Promise<void>) => unknown
  readonly after: (body: () => Promise<void>) => unknown
}

/**
 * Proves an adapter of the records port: one test for each MUST. All tests share one database, as the tenants of an installation do, and
 * each has apps of its own, so that they also show that apps do not see each other.
 *
 * `shared` says whether the database can be opened more than once at a time, by which nodes, threads and commands share it.
 */
export function recordsConformance(
  { describe, test, before, after }: Runner,
  name: string,
  make: () => Promise<RecordsUnderTest>,
  { shared }: { readonly shared: boolean },
): void {
  const groups = {
    apps: appCases,
    keys: keyCases,
    users: userCases,
    'users who are merged': userMergeCases,
    'login sessions': loginCases,
    conversations: conversationCases,
    members: memberCases,
    talks: talkCases,
    messages: messageCases,
    history: historyCases,
    'what is known already': knownCases,
    attachments: attachmentCases,
    changes: changeCases,
    standing: standingCases,
    'media keys': mediaKeyCases,
    views: viewCases,
    webhooks: webhookCases,
    'what happens once': onceCases,
    ...(shared ? { 'several openings': { ...sharedCases, ...knownElsewhereCases } } : {}),
  }
  describe(`records: ${name}`, () => {
    let made: RecordsUnderTest
    let world: World
    before(async () => {
      made = await make()
      world = createWorld(await made.open(), made.open)
    })
    after(async () => {
      await world.close()
      await made.end()
    })
    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const [sentence, body] of Object.entries(cases)) test(sentence, () => body(world))
      })
    }
  })
}
