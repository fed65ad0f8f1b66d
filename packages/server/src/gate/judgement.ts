import type { Access } from '@gatehouse/core/access'
import type { Decision } from '@gatehouse/core/decide'
import type { Reason } from '@gatehouse/core/reasons'
import type { Token } from '@gatehouse/core/token'
import type { Attachment } from '@gatehouse/storage/records/port'

/** What the gate has to know of a resource to gather its standing. */
export type ResourceFacts = {
  /** Open to everybody: a public attachment. */
  readonly open: boolean
  /** Serial of the conversation that it lies in, for those who have left. */
  readonly conversationSerial: number | null
  /** When it was shared, for links that end some time after. Milliseconds; null where that does not matter. */
  readonly sharedAt: number | null
  /** The attachment that it is; null where it is none. */
  readonly attachment: Attachment | null
}

/** Facts of a resource that is not open and belongs to no conversation. */
export const NO_FACTS: ResourceFacts = Object.freeze({
  open: false,
  conversationSerial: null,
  sharedAt: null,
  attachment: null,
})

/** The gate's answer: the decision, and the token that it was made on (null without one that holds). */
export type Judgement = {
  readonly access: Access
  readonly token: Token | null
  /** Whether the token's user was asked for among the receivers of the resource, and found. */
  readonly receives: boolean
  readonly decision: Decision
}

/** A credential that turned out to be a token, or why it did not. */
export type Verified = { readonly ok: true; readonly token: Token } | { readonly ok: false; readonly reason: Reason }
