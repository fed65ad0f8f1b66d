import type { Attachment, Receiver } from '@gatehouse/storage/records/port'
import type { Parts, Tenant } from '../../parts.ts'
import { spell } from './addresses.ts'

/** The URLs of one app's attachments as clients of this surface read them. */
export type MediaUrls = {
  /** Without any query: clients add to it what they hold. */
  clean(attachment: Attachment): string
  /** Complete in itself, for one receiver. */
  own(attachment: Attachment, receiver: Receiver): string
}

/** Prepares them; the app's login wall stands in front unless `wall` is false. */
export async function mediaUrls(
  { links, config }: Pick<Parts, 'links' | 'config'>,
  { app, settings }: Tenant,
  { wall = true }: { readonly wall?: boolean } = {},
): Promise<MediaUrls> {
  const maker = await links.of(app.id)
  if (maker === null) throw new Error('the app went away during the call')
  const base = `${wall ? (settings.loginWall ?? '') : ''}${config.mediaUrl}`
  const clean = ({ path }: Attachment) => base + spell(path)
  return {
    clean,
    own(attachment, receiver) {
      if (attachment.access === 'public') return clean(attachment)
      return `${clean(attachment)}?fat=${maker.url(attachment, receiver).split('?t=')[1]}`
    },
  }
}
