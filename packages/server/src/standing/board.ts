import { randomInt } from 'node:crypto'
import { parseResource, prefixes, type Resource } from '@gatehouse/core/resource'
import { ACTIVE, type Mark } from '@gatehouse/core/standing'
import type { StandingRow } from '@gatehouse/storage/records/port'
import { createFingerprints } from './fingerprints.ts'
import { createVoidSeconds } from './void-seconds.ts'

/** What has a serial number, and therefore a place in shared memory. */
export type SerialScope = 'user' | 'key' | 'conversation' | 'app'

/** The memory that all threads of a node share: one growable array of 32-bit marks for each scope, indexed by serial. */
export type SharedMarks = Readonly<Record<SerialScope, SharedArrayBuffer>>

/**
 * The present standing as one thread sees it. Marks of users, keys, conversations and apps lie in memory shared by all
 * threads; what has no serial number (tokens, sessions, resources, names, members who left) lies in a small table of each
 * thread's own, brought up to date before the caller of a change is answered.
 */
export type Board = {
  mark(scope: SerialScope, serial: number): Mark
  /** The highest sequence below which credentials are void, without making a {@link Mark}. */
  before(scope: SerialScope, serial: number): number
  /** The standing of a user by name, for tokens that carry the name. */
  subject(app: string, user: string): Mark
  tokenRevoked(app: string, token: string): boolean
  sessionRevoked(app: string, session: string): boolean
  /** The strictest `before` of a resource and everything above it. */
  resourceBefore(resource: Pick<Resource, 'path'>): number
  /** Whether this user left this conversation in a way that takes access along. */
  isOut(conversationSerial: number, userSerial: number): boolean
  /** Below which sequence media tokens of an app are void, whatever they are for. */
  mediaBefore(app: string): number
  /** The sequence that a media token stands for which was issued in this second of the epoch. */
  mediaSequence(second: number): number
  /** The last second whose media tokens a revocation in this app has voided; 0 where there was none. */
  mediaVoid(app: string): number
  /** The standing of a key of media tokens. */
  mediaKey(id: string): Mark
  /** Takes rows over. `shared` says whether this thread is the one that writes the shared memory. */
  apply(rows: readonly StandingRow[], shared: boolean): void
}

const SERIAL_SCOPES = ['user', 'key', 'conversation', 'app'] as const
const SUSPENDED = 1
const REVOKED = 2
/** 256 million serials a scope; only what is touched takes memory. */
const MOST_BYTES = 2 ** 30

/** Memory for {@link createBoard}, made once per node. */
export function createSharedMarks(): SharedMarks {
  const buffer = () => new SharedArrayBuffer(4096, { maxByteLength: MOST_BYTES })
  return { user: buffer(), key: buffer(), conversation: buffer(), app: buffer() }
}

/** Creates a thread's view of the node's standing. */
export function createBoard(shared: SharedMarks): Board {
  // Views of a fixed length, made anew when the memory has grown: to ask a growing one for its length is slow.
  const marks = Object.fromEntries(SERIAL_SCOPES.map((scope) => [scope, new Uint32Array(0)])) as Record<
    SerialScope,
    Uint32Array
  >
  const viewFor = (scope: SerialScope, serial: number): Uint32Array => {
    const buffer = shared[scope]
    if (serial * 4 < buffer.byteLength) marks[scope] = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4))
    return marks[scope]
  }
  const named = createFingerprints([randomInt(2 ** 32), randomInt(2 ** 32)])
  const count = { subject: 0, token: 0, session: 0, resource: 0, member: 0, media: 0, 'media-key': 0 }
  const seconds = createVoidSeconds()
  const lastVoid = new Map<string, number>()

  const read = (scope: SerialScope, serial: number): number => {
    const array = serial < marks[scope].length ? marks[scope] : viewFor(scope, serial)
    return serial < array.length ? Atomics.load(array, serial) : 0
  }

  function writeSerial(scope: SerialScope, serial: number, value: number): void {
    const buffer = shared[scope]
    const needed = (serial + 1) * 4
    if (needed > buffer.byteLength) {
      buffer.grow(Math.min(MOST_BYTES, Math.max(needed, Math.ceil((buffer.byteLength * 1.5) / 4096) * 4096)))
    }
    Atomics.store(viewFor(scope, serial), serial, value)
  }

  return {
    mark: (scope, serial) => unpack(read(scope, serial)),
    before: (scope, serial) => read(scope, serial) >>> 2,
    subject: (app, user) => (count.subject === 0 ? ACTIVE : unpack(named.get(`subject:${app}/${user}`))),
    tokenRevoked: (app, token) => count.token > 0 && named.get(`token:${app}/${token}`) !== 0,
    sessionRevoked: (app, session) => count.session > 0 && named.get(`session:${app}/${session}`) !== 0,
    resourceBefore(resource) {
      if (count.resource === 0) return 0
      let before = 0
      for (const prefix of prefixes(resource)) {
        const value = named.get(`resource:${prefix}`) >>> 2
        if (value > before) before = value
      }
      return before
    },
    isOut: (conversationSerial, userSerial) =>
      count.member > 0 && (named.get(`member:${conversationSerial}/${userSerial}`) & SUSPENDED) !== 0,
    mediaBefore: (app) => (count.media === 0 ? 0 : named.get(`media:${app}`) >>> 2),
    mediaSequence: seconds.sequenceAt,
    mediaVoid: (app) => lastVoid.get(app) ?? 0,
    mediaKey: (id) => (count['media-key'] === 0 ? ACTIVE : unpack(named.get(`media-key:${id}`))),
    apply(rows, writesShared) {
      for (const row of rows) {
        const app = row.before === 0 ? null : appOf(row)
        if (app !== null) {
          const { before, second = 0 } = row
          seconds.note(before, second)
          lastVoid.set(app, Math.max(lastVoid.get(app) ?? 0, second))
        }
        const value = pack(row)
        if (isSerialScope(row.scope)) {
          if (writesShared && row.serial !== null) writeSerial(row.scope, row.serial, value)
        } else {
          count[row.scope]++
          named.set(`${row.scope}:${row.target}`, value)
        }
      }
    },
  }
}

/** The app of a row that voids media tokens; null for those that do not. */
function appOf({ scope, target }: StandingRow): string | null {
  switch (scope) {
    case 'app':
    case 'media':
      return target
    case 'conversation':
      return target.slice(0, target.indexOf('/'))
    case 'resource':
      return parseResource(target)?.segments[1] ?? null
    default:
      return null
  }
}

function isSerialScope(scope: StandingRow['scope']): scope is SerialScope {
  return (SERIAL_SCOPES as readonly string[]).includes(scope)
}

/** Two bits of state and thirty of sequence: a thousand million changes of standing. */
function pack(row: StandingRow): number {
  return ((row.before << 2) | (row.revoked ? REVOKED : 0) | (row.suspended ? SUSPENDED : 0)) >>> 0
}

function unpack(value: number): Mark {
  if (value === 0) return ACTIVE
  return { suspended: (value & SUSPENDED) !== 0, revoked: (value & REVOKED) !== 0, before: value >>> 2 }
}
