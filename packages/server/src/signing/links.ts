import { createLinkMaker } from '@gatehouse/core/link'
import { secretKey } from '@gatehouse/core/node-primitives'
import { makePass } from '@gatehouse/core/pass'
import { makePresigned, presignedUntil } from '@gatehouse/core/presigned'
import type { KeyHandle, Primitives } from '@gatehouse/core/primitives'
import { CONFIGURED_KEY, makeService, SERVICE_SECONDS } from '@gatehouse/core/service'
import type { Attachment, Receiver } from '@gatehouse/storage/records/port'
import type { LinkMaker, Links, Tenant, Tenants, Vault } from '../parts.ts'
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

/** Where an attachment lies, or will lie. */
type Placed = Pick<Attachment, 'path' | 'conversationSerial'>

/** The maker of links of an app that is known already, beside that of one that has to be looked up. */
export type LinkMakers = Links & { by(tenant: Tenant): LinkMaker }

/** Creates the makers of recipient links; `mediaUrl` is where media URLs point, without a slash at its end. */
export function createLinks(parts: {
  tenants: Tenants
  linkKeys: LinkKeys
  board: Board
  primitives: Primitives
  mediaUrl: () => string
}): LinkMakers {
  const { tenants, linkKeys, board, primitives, mediaUrl } = parts

  /** The last revocation of what an attachment lies in: what is derived now was not issued before it. */
  function lastRevocation({ app }: Tenant, { path, conversationSerial }: Placed): number {
    return Math.max(
      board.before('app', app.serial),
      conversationSerial === null ? 0 : board.before('conversation', conversationSerial),
      board.resourceBefore({ path }),
    )
  }

  function by(tenant: Tenant): LinkMaker {
    const key = linkKeys.of(tenant)
    const directBase = mediaUrl()
    const base = `${tenant.settings.loginWall ?? ''}${directBase}`
    const plainUrl = (attachment: Attachment) => base + attachment.path
    // Lists name one attachment many times in a row; what depends on the attachment alone is derived once.
    let last: { path: string; before: number } | null = null
    const make = createLinkMaker(key, primitives)
    const token = (attachment: Placed, receiver: Receiver) => {
      const { path } = attachment
      if (last?.path !== path) last = { path, before: lastRevocation(tenant, attachment) }
      const sequence = Math.max(last.before, board.before('user', receiver.serial))
      return make({ path, receiverSerial: receiver.serial, sequence })
    }
    return {
      base,
      directBase,
      plainUrl,
      token,
      url: (attachment, receiver) =>
        attachment.access === 'public'
          ? plainUrl(attachment)
          : `${base}${attachment.path}?t=${token(attachment, receiver)}`,
      pass: (login) => makePass({ app: tenant.app.id, ...login }, key, primitives),
      presigned(path, { subjectSerial, session, sequence }, at) {
        if (subjectSerial === null) throw new Error('a URL is pre-signed for a user')
        const facts = { path, userSerial: subjectSerial, session, sequence, expires: presignedUntil(at) }
        return { ...makePresigned(facts, key, primitives), keyId: tenant.app.id }
      },
      service(attachment, keySerial, at) {
        const expires = Math.floor(at / 1000) + SERVICE_SECONDS
        const sequence = lastRevocation(tenant, attachment)
        const facts = { path: attachment.path, keySerial: keySerial ?? CONFIGURED_KEY, sequence, expires }
        return makeService(facts, key, primitives)
      },
    }
  }

  return {
    by,
    async of(app) {
      const tenant = await tenants.find(app)
      return tenant === null ? null : by(tenant)
    },
  }
}
