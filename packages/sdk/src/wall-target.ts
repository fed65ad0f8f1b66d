import { parseResource } from '@gatehouse/core/resource'

/** Reads request targets of one wall. */
export type WallTargets = {
  /** The part of a request target that every target of the wall begins with: path, and query where the wall has one. */
  readonly prefix: string
  /** Whether a request target is one of the wall's. */
  readonly covers: (target: string) => boolean
  /**
   * The request target at Gatehouse that a target of the wall stands for, as it was written; null where it is no media URL of this
   * Gatehouse. Nothing else is ever reached through a wall.
   */
  readonly media: (target: string) => string | null
}

/**
 * Makes the reading of targets: what lies in front of the media URL, and which media URLs there are.
 *
 * Slashes that a proxy has folded (`https:/media…`) are put back, and a URL that was percent-encoded as a whole is decoded once.
 * Raises a TypeError where `loginWall` is no http(s) URL with a path, or `mediaUrl` is none, or one with a query or a fragment.
 */
export function createWallTargets(loginWall: string, mediaUrl: string): WallTargets {
  const prefix = /^https?:\/\/[^/?#\s]+(\/[^#\s]*)$/.exec(loginWall)?.[1]
  if (prefix === undefined)
    throw new TypeError('loginWall: an http(s) URL with a path, exactly as in the setting of the app')
  if (!/^https?:\/\/[^?#\s]*[^/?#\s]$/.test(mediaUrl))
    throw new TypeError('mediaUrl: an http(s) URL without query, as Gatehouse writes it before /apps/')

  return {
    prefix,
    covers: (target) => target.startsWith(prefix),
    media: (target) => {
      const url = unfolded(target.slice(prefix.length))
      if (url === null || !url.startsWith(`${mediaUrl}/`) || !PRINTABLE.test(url)) return null
      const media = url.slice(mediaUrl.length)
      const resource = parseResource(media.split('?', 1)[0] ?? '')
      return resource !== null && resource.segments[0] === 'apps' ? media : null
    },
  }
}

const PRINTABLE = /^[\x21\x22\x24-\x7e]+$/

function unfolded(text: string): string | null {
  const url = /^https?%3A/i.test(text) ? decoded(text) : text
  return url?.replace(/^(https?):\/+/, '$1://') ?? null
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
