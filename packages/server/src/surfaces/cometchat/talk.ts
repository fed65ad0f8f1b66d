import type { Parts } from '../../parts.ts'
import type { SurfaceCall } from './call.ts'
import { createConversationCalls } from './conversations.ts'
import { createHistoryCalls } from './history.ts'
import { createPlaces } from './message-place.ts'
import { createScenes } from './message-scene.ts'
import { createMessageCalls } from './messages.ts'
import { createSend } from './sending.ts'
import { createUploadUrlCalls } from './upload-urls.ts'

/** The calls about messages, files on their way into messages, and conversations, put together. */
export function createTalkCalls(parts: Parts): readonly SurfaceCall[] {
  const places = createPlaces(parts)
  const scenes = createScenes(parts)
  return [
    ...createMessageCalls(parts, places, scenes, createSend(parts, places)),
    ...createHistoryCalls(parts, places, scenes),
    ...createConversationCalls(parts, places, scenes),
    ...createUploadUrlCalls(parts, places),
  ]
}
