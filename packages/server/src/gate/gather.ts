import { timingSafeEqual } from 'node:crypto'
import type { Access } from '@gatehouse/core/access'
import { ACTIVE, type Mark, type Standing, type Uses } from '@gatehouse/core/standing'
import type { Token } from '@gatehouse/core/token'
import type { Tenant } from '../parts.ts'
import type { Board } from '../standing/board.ts'
import type { ResourceFacts } from './judgement.ts'

/**
 * Gathers the standing of one access from the board: a few reads of memory, no I/O. `tenant` is the app that the resource
 * lies in; undefined where the resource lies in none (the root), null where that app does not exist. `receives` is whether the token's
 * user was found among the receivers of the resource.
 */
export function gather(
  board: Board,
  access: Access,
  token: Token | null,
  facts: ResourceFacts,
  tenant: Tenant | null | undefined,
  uses: Uses,
  receives: boolean,
): Standing {
  const serial = token?.subjectSerial ?? null
  const { conversationSerial } = facts
  const app = token?.app ?? tenant?.app.id ?? ''
  const conversationBefore = conversationSerial === null ? 0 : board.before('conversation', conversationSerial)
  const linkSeconds = tenant?.settings.linkSeconds ?? null
  const issuedAt = token?.kind === 'grant' ? token.issuedAt : null
  return {
    open: facts.open,
    // An app that does not exist looks like a foreign one: who holds nothing there is refused for that, who does is told 404.
    app: tenant == null ? ACTIVE : board.mark('app', tenant.app.serial),
    subject:
      serial !== null
        ? board.mark('user', serial)
        : token !== null && token.subject !== null
          ? board.subject(app, token.subject)
          : null,
    subjectExists: true,
    key: keyOf(board, token),
    tokenRevoked: token !== null && token.id !== null && board.tokenRevoked(app, token.id),
    sessionEnded: token !== null && token.session !== null && board.sessionRevoked(app, token.session),
    resourceBefore: Math.max(
      board.resourceBefore(access.resource),
      conversationBefore,
      token?.kind === 'media' ? board.mediaBefore(app) : 0,
    ),
    member: serial === null || conversationSerial === null || !board.isOut(conversationSerial, serial),
    receiver: receives,
    wall: isThroughWall(access.wall, tenant?.settings.loginWallSecret ?? null),
    tokenEndsAt: issuedAt === null || tenant == null ? null : issuedAt + tenant.settings.tokenSeconds * 1000,
    linkEndsAt: linkSeconds === null || facts.sharedAt === null ? null : facts.sharedAt + linkSeconds * 1000,
    uses,
  }
}

/** The standing of the key behind a token: an API key by its serial, a key of media tokens by its id. */
function keyOf(board: Board, token: Token | null): Mark | null {
  if (token?.kind === 'media' && token.key !== null) return board.mediaKey(token.key)
  return token?.keySerial == null ? null : board.mark('key', token.keySerial)
}

/** Whether the word that a request brought is the app's; both are digests of one length. */
function isThroughWall(brought: string | null, demanded: string | null): boolean {
  if (demanded === null) return true
  if (brought === null || brought.length !== demanded.length) return false
  return timingSafeEqual(Buffer.from(brought), Buffer.from(demanded))
}
