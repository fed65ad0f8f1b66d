import { parseResource, type Resource } from '@gatehouse/core/resource'
import type { LinkMaker, Parts } from '../../parts.ts'
import { failure } from './errors.ts'

/** The URLs of one app's attachments, which are the same for everybody: what opens them is a cookie. */
export type MediaUrls = {
  /** The URL at a path of the tree; a text that is a URL already comes back unchanged. */
  url(path: string): string
  /**
   * The place that a URL of our own names; its query and fragment, and the operator's login wall in front, are passed over. `'foreign'` for
   * every other text, null for one of our own that can be no place.
   */
  place(text: string): Resource | null | 'foreign'
}

/** Prepares them. Raises `appNotFound` where the app has gone. */
export async function mediaUrls({ links }: Pick<Parts, 'links'>, app: string): Promise<MediaUrls> {
  const maker = await links.of(app)
  if (maker === null) throw failure('appNotFound')
  return createMediaUrls(maker)
}

/** The same out of where media URLs begin. */
export function createMediaUrls({ base, directBase }: Pick<LinkMaker, 'base' | 'directBase'>): MediaUrls {
  const { origin, pathname } = new URL(directBase)
  const above = pathname.replace(/\/$/, '')
  const wall = base.slice(0, base.length - directBase.length)
  return {
    url: (path) => (path.startsWith('/') ? base + path : path),
    place(text) {
      const bare = wall !== '' && text.startsWith(wall) ? text.slice(wall.length) : text
      // A parser may change paths; here it says whose URL it is, and the path is read as it was sent.
      if (URL.parse(bare)?.origin !== origin) return 'foreign'
      const path = /^https?:\/\/[^/?#\\@]*(\/[^?#]*)/i.exec(bare)?.[1]
      if (path === undefined || !path.startsWith(`${above}/`)) return null
      return parseResource(path.slice(above.length))
    },
  }
}
