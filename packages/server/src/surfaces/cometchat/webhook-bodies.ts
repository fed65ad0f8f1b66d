import type { Message } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import type { Bodies } from '../../webhooks/bodies.ts'
import { createScenes } from './message-scene.ts'
import { showMessage } from './message-view.ts'

/**
 * What webhooks of this vendor are told (contract, section 3.4): `message_sent`. URLs are clean, and the login wall, which is for people,
 * does not stand in front: the receiver exchanges them with its API key. A message that was deleted by then is not told.
 */
export function createWebhookBodies(parts: Parts): Bodies {
  const { records, tenants } = parts
  const scenes = createScenes(parts)
  return {
    message_sent: {
      tells: 'message.created',
      of: async ({ app, webhook, data }) => {
        const { id } = data.message as unknown as Message
        const [tenant, message] = await Promise.all([tenants.find(app), records.messages.find(app, id)])
        if (tenant === null || message === null || message.deletedAt !== null) return null
        const scene = await scenes({ tenant, reader: null, wall: false }, [message])
        return {
          trigger: 'message_sent',
          data: { message: showMessage(message, scene) },
          appId: app,
          region: 'us',
          webhook,
        }
      },
    },
  }
}
