import { createLinkMaker } from '@gatehouse/core/link'
import { secretKey } from '@gatehouse/core/node-primitives'
import type { KeyHandle, Primitives } from '@gatehouse/core/primitives'
import { parseResource } from '@gatehouse/core/resource'
import type { Attachment } from '@gatehouse/storage/records/port'
import type { Links, Tenant, Tenants, Vault } from '../parts.ts'
import type { Board } from '../standing/board.ts'

/** The link keys of apps, unsealed once for as long as an app is remembered. */
export type LinkKeys = { of(tenant: Tenant): KeyHandle }

/** What an app's link key is sealed for. */
export const LINK_KEY_PURPOSE = 'link-key'

/** Creates the memory of link keys. */
export function createLinkKeys(vault: Vault): LinkKeys {
  const known = new WeakMap<Tenant, KeyHandle>()
  return {
    of(tenant) {
      const remembered = known.get(tenant)
      if (remembered !== undefined) return remembered
      const key = secretKey(vault.open(tenant.app.linkKey, LINK_KEY_PURPOSE))
      known.set(tenant, key)
      return key
    },
  }
}

/** Creates the maker of recipient links; `mediaUrl` is where media URLs point, without a slash at its end. */
export function createLinks(parts: {
  tenants: Tenants
  linkKeys: LinkKeys
  board: Board
  primitives: Primitives
  mediaUrl: () => string
}): Links {
  const { tenants, linkKeys, board, primitives, mediaUrl } = parts
  return {
    async of(app) {
      const tenant = await tenants.find(app)
      if (tenant === null) return null
      const key = linkKeys.of(tenant)
      const base = `${tenant.settings.loginWall ?? ''}${mediaUrl()}`
      const plainUrl = (attachment: Attachment) => base + attachment.path
      // Lists name one attachment many times in a row; what depends on the attachment alone is derived once.
      let last: { path: string; make: ReturnType<typeof createLinkMaker>; before: number } | null = null
      const prepare = (attachment: Attachment) => {
        if (last?.path === attachment.path) return last
        const { path, conversationSerial } = attachment
        const resource = parseResource(path)
        const before = Math.max(
          board.before('app', tenant.app.serial),
          conversationSerial === null ? 0 : board.before('conversation', conversationSerial),
          resource === null ? 0 : board.resourceBefore(resource),
        )
        last = { path, make: createLinkMaker(path, key, primitives), before }
        return last
      }
      return {
        plainUrl,
        url(attachment, receiver) {
          if (attachment.access === 'public') return plainUrl(attachment)
          const { make, before } = prepare(attachment)
          const sequence = Math.max(before, board.before('user', receiver.serial))
          return `${base}${attachment.path}?t=${make(receiver.serial, sequence)}`
        },
      }
    },
  }
}
