import type { Reserve } from '@gatehouse/storage/blobs/reserve'
import { type Change, Full, type LoggedChange, type Records, Unavailable } from '@gatehouse/storage/records/port'
import type { Standings } from '../parts.ts'

/**
 * Where a change has to be in force before its caller is answered: another thread of this node, or another node. Answers
 * how many open responses it cut.
 */
export type Peer = { apply(logged: LoggedChange): Promise<number> }

/** The one place of a node where standing changes, and where the order of sequences is kept. */
export type NodeStandings = Standings & {
  /** The last sequence that is in force on this node. */
  readonly sequence: number
  /** Applies what others have written to the log in the meantime. */
  catchUp(): Promise<void>
  /** How many open responses the latest changes have cut on this node, by sequence. */
  cuts(): Readonly<Record<string, number>>
}

/** Changes of which is kept what they were and what they cut: callers ask for theirs at once. */
const MOST_KEPT = 200
/** Of those, how many are told to other nodes, whose callers wait for them. A message has room for no more. */
const MOST_COUNTS = 100

/**
 * Creates the node's standings. `applyHere` applies a change on the thread that calls this (which writes shared memory);
 * `peers` are told next, all at once. `from` is the sequence that the present standing was loaded at.
 */
export function createStandings(parts: {
  records: Records
  applyHere: (logged: LoggedChange) => number
  peers: readonly Peer[]
  from: number
  reserve: Reserve | null
  now: () => number
  /** Absent where there can be no other nodes. */
  others?: {
    /** Waits until a change is in force on all of them. */
    readonly confirm: (sequence: number) => Promise<{ readonly others: number; readonly cut: number }>
    /** Told when the log is another one than was applied here. What is remembered is worth nothing then: the node MUST end. */
    readonly setBack: (error: Error) => void
  }
}): NodeStandings {
  const { records, applyHere, peers, reserve, now, others } = parts
  let sequence = parts.from
  /** What the entry of that sequence says, as far as it is known. */
  let last: string | null = null
  let turn: Promise<unknown> = Promise.resolve()
  const kept = new Map<number, { readonly text: string; readonly cut: number }>()

  /** One after the other: what is applied is always the next in the log. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  /** All of them here before the first is waited for elsewhere; the peers hear of them in their order, too. */
  async function applyEverywhere(entries: readonly LoggedChange[]): Promise<void> {
    const counts = entries.map((logged) => {
      const here = applyHere(logged)
      return Promise.all(peers.map((peer) => peer.apply(logged))).then((cuts) => cuts.reduce((a, b) => a + b, here))
    })
    for (const [index, cut] of (await Promise.all(counts)).entries()) {
      const logged = entries[index] as LoggedChange
      sequence = logged.sequence
      last = textOf(logged)
      kept.set(sequence, { text: last, cut })
    }
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break
      kept.delete(oldest)
    }
  }

  /**
   * What the log holds after what is in force here. With the last entry before it, where the log may be another one: a replica that took
   * over without the end of it, or a backup, gives sequences out a second time.
   */
  async function following(): Promise<readonly LoggedChange[]> {
    if (others === undefined || sequence === 0) return records.changes.since(sequence, 500)
    const [present, ...entries] = await records.changes.since(sequence - 1, 501)
    const text = present?.sequence === sequence ? textOf(present) : null
    if (text === null || (last !== null && text !== last)) {
      const error = new Unavailable(
        'The log of changes has been set back behind what this node knows; it has to start anew.',
      )
      others.setBack(error)
      throw error
    }
    last = text
    return entries
  }

  async function applyUpTo(logged: LoggedChange): Promise<void> {
    // It came along with another one.
    if (kept.get(logged.sequence)?.text === textOf(logged)) return
    if (others === undefined && logged.sequence === sequence + 1) return applyEverywhere([logged])
    // Others have committed in between: their entries come first, and the log has them.
    do {
      const entries = await following()
      if (entries.length === 0 && sequence < logged.sequence) {
        throw new Error(`the log of changes ends before ${logged.sequence}`)
      }
      await applyEverywhere(entries)
    } while (sequence < logged.sequence)
  }

  async function append(change: Change, by: string): Promise<LoggedChange | null> {
    try {
      return await records.changes.append(change, by, now())
    } catch (error) {
      if (!(error instanceof Full) || reserve === null) throw error
      // A full disk must not stop a revocation: room was kept for it. Another change may have released it a moment ago.
      reserve.release()
      return records.changes.append(change, by, now())
    }
  }

  return {
    get sequence() {
      return sequence
    },
    async change(change, by) {
      const started = performance.now()
      const logged = await append(change, by)
      if (logged === null) return null
      await inTurn(() => applyUpTo(logged))
      const here = kept.get(logged.sequence)?.cut ?? 0
      const elsewhere = others === undefined ? { others: 0, cut: 0 } : await others.confirm(logged.sequence)
      const milliseconds = Math.round((performance.now() - started) * 10) / 10
      const nodes = 1 + elsewhere.others
      return { revocation: { sequence: logged.sequence, nodes, milliseconds, cut: here + elsewhere.cut }, logged }
    },
    cuts: () => Object.fromEntries([...kept].slice(-MOST_COUNTS).map(([of, { cut }]) => [of, cut])),
    catchUp: () =>
      inTurn(async () => {
        for (;;) {
          const entries = await following()
          if (entries.length === 0) return
          await applyEverywhere(entries)
        }
      }),
  }
}

/** What tells an entry of the log from another one of the same sequence. */
function textOf({ at, by, rows }: LoggedChange): string {
  return JSON.stringify([at, by, rows])
}
