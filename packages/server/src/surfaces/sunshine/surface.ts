import type { SurfaceJudge } from '../../judge.ts'
import type { Parts } from '../../parts.ts'
import type { Surface } from '../../surface.ts'
import { createAppKeyCalls } from './app-keys.ts'
import { createAppCalls } from './apps.ts'
import { createAppUserMessageCalls } from './appuser-messages.ts'
import { createAttachmentCalls, createUploads } from './attachments.ts'
import { createConversationCalls } from './conversations.ts'
import { COOKIE, createCookieCalls } from './cookies.ts'
import { createPost, createScenes } from './message-post.ts'
import { createMessageCalls } from './messages.ts'
import { mountCalls } from './mount.ts'
import { createParticipantCalls } from './participants.ts'
import { createMergeCalls } from './user-ends.ts'
import { createUserCalls } from './users.ts'

/** The face of Sunshine Conversations: its calls under `/v2/apps` and `/v1.1`, translated. */
export function createSunshine(parts: Parts, judge: SurfaceJudge): Surface {
  const uploads = createUploads(parts)
  const post = createPost(parts)
  const scenes = createScenes(parts)
  const calls = [
    ...createAppCalls(parts),
    ...createAppKeyCalls(parts),
    ...createUserCalls(parts),
    ...createMergeCalls(parts),
    ...createConversationCalls(parts),
    ...createParticipantCalls(parts),
    ...createMessageCalls(parts, post, scenes),
    ...createAppUserMessageCalls(parts, uploads, post, scenes),
    ...createAttachmentCalls(parts, uploads),
  ]
  return { ...mountCalls(parts, judge, calls, createCookieCalls(parts, judge)), cookies: [COOKIE] }
}
