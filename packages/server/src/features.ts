import { createApps } from './features/apps.ts'
import { createAttachments } from './features/attachments.ts'
import { createConversations } from './features/conversations.ts'
import { createCookies } from './features/cookies.ts'
import { createVerify } from './features/forward-auth.ts'
import { createHealth } from './features/health.ts'
import { createKeys } from './features/keys.ts'
import { createLinks } from './features/links.ts'
import { createLogins } from './features/logins.ts'
import { createMediaKeys } from './features/media-keys.ts'
import { createMediaTokens } from './features/media-tokens.ts'
import { createMembers } from './features/members.ts'
import { createMessages } from './features/messages.ts'
import { createRevocations } from './features/revocations.ts'
import { createTalks } from './features/talks.ts'
import { createTokens, type Inspect } from './features/tokens.ts'
import { createUsers } from './features/users.ts'
import { createViews } from './features/views.ts'
import { createWebhooks } from './features/webhooks.ts'
import type { ForwardAuth } from './gate/forward-auth.ts'
import type { Exposition } from './metrics.ts'
import type { Parts } from './parts.ts'
import type { Bodies } from './webhooks/bodies.ts'

/** What the API needs beside the parts: what is made elsewhere and plugged in. */
export type Plugged = {
  readonly inspect: Inspect
  readonly metrics: Exposition
  /** Whether the process is about to stop. */
  readonly draining: () => boolean
  /** Answers `GET /v1/verify`: it judges the forwarded request itself. */
  readonly verify: ForwardAuth
  /** What surfaces say to webhooks in words of their own. */
  readonly bodies?: Bodies
}

/** Every feature with its endpoints. The name of a feature is its tag in the OpenAPI document. */
export type Features = ReturnType<typeof createFeatures>

/** Puts all features together. */
export function createFeatures(parts: Parts, plugged: Plugged) {
  return {
    apps: createApps(parts),
    keys: createKeys(parts),
    users: createUsers(parts),
    logins: createLogins(parts),
    conversations: createConversations(parts),
    members: createMembers(parts),
    talks: createTalks(parts),
    attachments: createAttachments(parts),
    links: createLinks(parts),
    messages: createMessages(parts),
    tokens: createTokens(parts, plugged.inspect),
    mediaTokens: createMediaTokens(parts),
    cookies: createCookies(parts),
    mediaKeys: createMediaKeys(parts),
    revocations: createRevocations(parts),
    views: createViews(parts),
    webhooks: createWebhooks(parts, plugged.bodies ?? {}),
    forwardAuth: createVerify(plugged.verify),
    health: createHealth(parts, plugged),
  }
}
