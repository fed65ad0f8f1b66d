/**
 * What the server knows now about one thing (an app, a user, a key, a conversation …).
 *
 * `suspended` is reversible, `revoked` is final. Every credential issued at a sequence below `before` is void;
 * orders come from the sequence of standing changes, never from comparing clocks.
 */
export type Mark = {
  readonly suspended: boolean
  readonly revoked: boolean
  readonly before: number
}

/** The mark of something about which nothing has ever been said: active. */
export const ACTIVE: Mark = Object.freeze({ suspended: false, revoked: false, before: 0 })

/** How a limited number of uses stands for this access: not limited, one was granted just now or earlier, or none is left. */
export type Uses = 'unlimited' | 'granted' | 'spent' | 'preview'

/** Everything about the present that a decision depends on. Gathered anew for each decision, never remembered with it. */
export type Standing = {
  /** Whether the resource is open to everybody (a public attachment). */
  readonly open: boolean
  readonly app: Mark
  /** The user whom the token is for; null where it is for nobody in particular. */
  readonly subject: Mark | null
  /** False where the token names a user by serial number and no such user exists (any more). */
  readonly subjectExists: boolean
  readonly key: Mark | null
  /** Whether this very token has been revoked by its id. */
  readonly tokenRevoked: boolean
  /** Whether the login session that the token belongs to has ended. */
  readonly sessionEnded: boolean
  /** The strictest `before` of the resource and of everything above it. */
  readonly resourceBefore: number
  /** False where the token's user has left the resource's conversation in a way that takes their access along. */
  readonly member: boolean
  /** Whether the token's user receives the resource. It is asked for passes alone, whose holder's name says nothing of it. */
  readonly receiver: boolean
  /** False where the app demands the word of its login wall from single users, and the request has not brought it. */
  readonly wall: boolean
  /** When a grant token ends at the latest by the app's setting, whatever it says itself; milliseconds since the epoch, or null. */
  readonly tokenEndsAt: number | null
  /** When a link of this resource ends by the app's setting; milliseconds since the epoch, or null. */
  readonly linkEndsAt: number | null
  readonly uses: Uses
}

/** The standing in which nothing was ever suspended or revoked. */
export const UNTOUCHED: Standing = Object.freeze({
  open: false,
  app: ACTIVE,
  subject: null,
  subjectExists: true,
  key: null,
  tokenRevoked: false,
  sessionEnded: false,
  resourceBefore: 0,
  member: true,
  receiver: true,
  wall: true,
  tokenEndsAt: null,
  linkEndsAt: null,
  uses: 'unlimited',
})
