import type { Attachment, Receiver } from '@gatehouse/storage/records/port'
import type { Parts, Tenant } from '../../parts.ts'
import { spell } from './addresses.ts'
import { withToken } from './dialect.ts'

/** The URLs of one app's attachments as clients of this surface read them. */
export type MediaUrls = {
  /** Without any query: clients add to it what they hold. */
  clean(attachment: Pick<Attachment, 'path'>): string
  /** Complete in itself, for one receiver. */
  own(attachment: Opened, receiver: Receiver): string
}

/** What of an attachment says how its URL reads. */
export type Opened = Pick<Attachment, 'path' | 'conversationSerial' | 'access'>

/** Prepares them; the app's login wall stands in front unless `wall` is false. */
export async function mediaUrls(
  { links }: Pick<Parts, 'links'>,
  app: string,
  { wall = true }: { readonly wall?: boolean } = {},
): Promise<MediaUrls> {
  const maker = await links.of(app)
  if (maker === null) throw new Error('the app went away during the call')
  const base = wall ? maker.base : maker.directBase
  const clean = ({ path }: Pick<Attachment, 'path'>) => base + spell(path)
  return {
    clean,
    own: (attachment, receiver) =>
      attachment.access === 'public'
        ? clean(attachment)
        : withToken(clean(attachment), maker.token(attachment, receiver)),
  }
}

/** The access of what is sent through this surface: its own switch says so, and no other (contract, C14). */
export function accessOf({ settings }: Tenant): Attachment['access'] {
  return settings.tokenizedMedia ? 'private' : 'public'
}
