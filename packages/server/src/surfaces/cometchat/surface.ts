import type { SurfaceJudge } from '../../judge.ts'
import type { Parts } from '../../parts.ts'
import type { Surface } from '../../surface.ts'
import { createActivationCalls } from './activation.ts'
import { createApiKeyCalls } from './api-keys.ts'
import { createAuthTokenCalls } from './auth-tokens.ts'
import { createGroupCalls } from './groups.ts'
import { createMeCalls } from './me.ts'
import { createMemberCalls } from './members.ts'
import { mountCalls } from './mount.ts'
import { createTalkCalls } from './talk.ts'
import { createUploadCalls } from './uploads.ts'
import { createUserCalls } from './users.ts'
import { createWebhookBodies } from './webhook-bodies.ts'

/** The face of CometChat: its client and REST calls under `/v3` and `/v3.0`, translated. */
export function createCometchat(parts: Parts, judge: SurfaceJudge): Surface {
  const calls = [
    ...createMeCalls(parts),
    ...createUserCalls(parts),
    ...createActivationCalls(parts),
    ...createAuthTokenCalls(parts),
    ...createGroupCalls(parts),
    ...createMemberCalls(parts),
    ...createApiKeyCalls(parts),
    ...createTalkCalls(parts),
  ]
  return { ...mountCalls(parts, judge, calls, createUploadCalls(parts)), bodies: createWebhookBodies(parts) }
}

/**
 * Why this surface cannot work as a server is set up, or null. No public address may hold the letters `fat`: this vendor's clients
 * take any URL with them for one that has a token already, and would never add theirs.
 */
export function whyNotCometchat({ publicUrl, mediaUrl }: Parts['config']): string | null {
  for (const [name, url] of Object.entries({ publicUrl, mediaUrl })) {
    if (!url.includes('fat')) continue
    return (
      `The ${name} ${url} holds the letters "fat", with which CometChat's clients cannot fetch media; ` +
      'serve it under another name, or leave the surface out with --surfaces.'
    )
  }
  return null
}
