/** What a webhook can be told, and when. */
export const EVENTS = {
  'attachment.created': 'A file was shared.',
  'attachment.viewed': 'Somebody opened an attachment.',
  'attachment.refused': 'Somebody was refused an attachment.',
  'message.created': 'A message was recorded.',
  'user.deactivated': "A user was deactivated; the user's links and tokens are refused.",
  'user.activated': 'A deactivated user was activated again.',
  'user.deleted': 'A user was deleted.',
  'user.merged': 'A user was merged into another one.',
  'revocation.applied':
    'Access was taken away: a revocation, or a deactivation or deletion, of whatever it was, an ended login, a member who left.',
  'stream.started': 'A stream began.',
  'stream.ended': 'A stream ended.',
  'inbound.received': 'Media arrived from outside.',
  'room.entered': 'Somebody entered a room.',
  'room.left': 'Somebody left a room.',
  'key.exposed': 'An API key was seen where anybody can read it.',
  'leak.suspected': 'A link or token is used as if it had been passed on.',
} as const satisfies Readonly<Record<string, string>>

/** The native name of an event. */
export type EventType = keyof typeof EVENTS

/** Every name. */
export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[]

/** Whether a text is the native name of an event. */
export function isEventType(name: string): name is EventType {
  return Object.hasOwn(EVENTS, name)
}
