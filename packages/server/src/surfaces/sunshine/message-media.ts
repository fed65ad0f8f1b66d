import type { Json } from '@gatehouse/core/json'
import type { Attachment, Conversation, Records } from '@gatehouse/storage/records/port'
import type { MediaUrls } from './media-urls.ts'
import type { Content } from './message-content.ts'
import { wrong } from './request.ts'

type Holder = { readonly [name: string]: Json }

/** What a message holds, with what is known of its media; and those of them that belong to it. */
export type Settled = { readonly more: Content['more']; readonly attachments: readonly Attachment[] }

/**
 * Looks up the media that a message names. One of our own is kept as its path, with the type, size and name that it has here; what lies elsewhere
 * stays a link and is never fetched. Those that lie in the message's own conversation, or outside of any, belong to it. Raises 400 for
 * a URL of our own that can be no place.
 */
export async function settleMedia(
  { attachments }: Pick<Records, 'attachments'>,
  urls: MediaUrls,
  { app, id, mergedFrom }: Conversation,
  { type, more }: Content,
): Promise<Settled> {
  const own = new Map<string, Attachment>()

  async function settle(holder: Holder, named: boolean): Promise<Holder> {
    const { mediaUrl } = holder
    if (typeof mediaUrl !== 'string') return holder
    const place = urls.place(mediaUrl)
    if (place === null) throw wrong('mediaUrl', 'should be the URL of an attachment')
    if (place === 'foreign') return named ? { altText: lastSegment(mediaUrl), ...holder } : holder
    const found = await attachments.findByPath(place.path)
    const { mediaType: _type, mediaSize: _size, ...rest } = holder
    // Of what is not here, or another app's, nothing is said.
    if (found === null || found.app !== app) return { ...rest, mediaUrl: place.path }
    const { conversation, held } = found
    if (!held && (conversation === null || [id, ...mergedFrom].includes(conversation))) own.set(found.id, found)
    const { contentType: mediaType, size: mediaSize, filename: altText } = found
    return { ...(named && { altText }), ...rest, mediaUrl: place.path, mediaType, mediaSize }
  }

  const whole = await settle(more, type === 'image' || type === 'file')
  if (!Array.isArray(whole.items)) return { more: whole, attachments: [...own.values()] }
  const items: Holder[] = []
  for (const item of whole.items as readonly Holder[]) items.push(await settle(item, false))
  return { more: { ...whole, items }, attachments: [...own.values()] }
}

function lastSegment(url: string): string {
  const segment = new URL(url).pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(segment) || 'file'
  } catch {
    return segment
  }
}
