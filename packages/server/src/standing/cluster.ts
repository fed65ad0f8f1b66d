import { randomUUID } from 'node:crypto'
import type { NodeMessage, Nodes } from '@gatehouse/storage/records/nodes'
import type { Logger } from 'pino'
import { createSharedRun } from './shared-run.ts'
import { steadyNow } from './trust.ts'

/** This node among those that serve one database. */
export type Cluster = {
  /** Waits until a change is in force on every other node that holds a lease. Answers how many there are and what they cut. */
  confirm(sequence: number): Promise<{ readonly others: number; readonly cut: number }>
  /** Renews the lease and catches up at once; false where the database cannot be reached. */
  refresh(): Promise<boolean>
  /** Stops taking part. */
  leave(): Promise<void>
}

/** What a cluster is made of. */
export type ClusterParts = {
  readonly nodes: Nodes
  /** Length of the lease in milliseconds. */
  readonly lease: number
  /** What this node has applied. */
  readonly applied: () => number
  /** Applies everything that is in the log by now. */
  readonly catchUp: () => Promise<void>
  /** The responses that changes have cut on this node, latest last. */
  readonly cuts: () => Readonly<Record<string, number>>
  /** Where the end of trust stands, for all threads of this node to see. */
  readonly until: Float64Array
  readonly log: Logger
}

/** Part of the lease that is trusted: the rest is for clocks that do not run equally fast. */
const TRUSTED = 0.9
/** How long to wait for word from the others before the database is asked again, in milliseconds. */
const ASK_AGAIN = 20

/** A caller who waits for the other nodes: what each has cut that has said so, and what to do when one says something. */
type Waiting = { readonly cutBy: Map<string, number>; heard: () => void }

/** Resolves when all of these nodes have said that they have applied it, or after a short time. */
function heardOrLater(wait: Waiting, nodes: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ASK_AGAIN)
    wait.heard = () => {
      if (!nodes.every((node) => wait.cutBy.has(node))) return
      clearTimeout(timer)
      resolve()
    }
    wait.heard()
  })
}

/**
 * Takes part as a node of a database, from when its standing is loaded on, so that nobody waits for a node that is still starting. MUST be
 * called before anything is served. The lease is renewed at a third of its length; a change of another node is applied as soon as
 * word of it comes, or else with the next renewal.
 *
 * Trust is given from the moment at which renewing began, and only after everything in the log by the time it was done has
 * been applied: whoever saw the old lease run out has put their change into the log before that.
 */
export async function joinCluster(parts: ClusterParts): Promise<Cluster> {
  const { nodes, lease, applied, catchUp, cuts, until, log } = parts
  const node = randomUUID()
  let left = false
  let working: Promise<boolean> | null = null
  /** What the table says that this node has applied, or will say in a moment. */
  let reported = applied()
  const waiting = new Map<number, Waiting>()

  async function renew(): Promise<boolean> {
    const began = steadyNow()
    try {
      reported = applied()
      await nodes.renew(node, reported, lease)
      await catchUp()
      until[0] = began + lease * TRUSTED
      if (applied() > reported) await report()
      return true
    } catch (error) {
      if (!left) log.warn({ err: error }, 'the lease on the log of changes could not be renewed')
      return false
    }
  }
  const renewOnce = (): Promise<boolean> => {
    working ??= renew().finally(() => {
      working = null
    })
    return working
  }

  /** Says what has been applied: in the table for certain, and aloud so that nobody has to ask. */
  async function report(): Promise<void> {
    reported = applied()
    await nodes.renew(node, reported, lease, { kind: 'applied', node, sequence: reported, cut: cuts() })
  }

  let wanted = 0
  let following = false
  /**
   * Whoever tells of a change waits for word of it, also where it came along with a change of this node and is applied already. What is
   * told while one word is being given is answered by the next one, all of it together.
   */
  function follow(sequence: number): void {
    wanted = Math.max(wanted, sequence)
    if (!following) void followAll()
  }

  async function followAll(): Promise<void> {
    following = true
    try {
      while (wanted > reported && !left) {
        // More may be wanted by the time that this is done: the next turn sees to it.
        const now = wanted
        if (now > applied()) await catchUp()
        if (now > applied()) throw new Error(`the log of changes ends before ${now}`)
        await report()
      }
    } catch (error) {
      if (!left) log.warn({ err: error }, 'changes of other nodes could not be read; the next renewal tries again')
    } finally {
      following = false
    }
  }

  let told = 0
  /** Without being told, the others find out when they renew. */
  const tell = createSharedRun(async () => {
    const most = Math.max(told, ...waiting.keys())
    await nodes.tell({ kind: 'grown', sequence: most }).catch((error: unknown) => {
      log.warn({ err: error }, 'other nodes could not be told of a change; they find it when they renew their leases')
    })
    told = most
  })
  /** Tells the others that the log has grown; callers who come together share one message. */
  const tellGrown = async (sequence: number): Promise<void> => {
    while (told < sequence) await tell()
  }

  /** The other nodes as they stand in the table after somebody has asked. */
  const look = createSharedRun(() => nodes.others(node))
  let alone = true

  const hearing = nodes.hear((message: NodeMessage) => {
    if (message.kind === 'grown') follow(message.sequence)
    else if (message.node !== node) {
      for (const [sequence, wait] of waiting) {
        if (message.sequence < sequence) continue
        wait.cutBy.set(message.node, message.cut[sequence] ?? 0)
        wait.heard()
      }
    }
  })
  await nodes.join(node, reported, lease).catch(async (error: unknown) => {
    await hearing.close()
    throw error
  })
  const timer = setInterval(() => void renewOnce(), lease / 3)
  timer.unref()

  return {
    refresh: renewOnce,
    /**
     * The first look comes after the change is in the log, so whoever joins later finds it there. Of those that it shows, each is waited for
     * until it says that it has applied the change, the table says so, or its lease has run out; a word is waited for a moment in
     * any case, since it tells what was cut.
     */
    async confirm(sequence) {
      const wait: Waiting = { cutBy: new Map(), heard: () => {} }
      waiting.set(sequence, wait)
      try {
        let [others] = await Promise.all([look(), alone ? null : tellGrown(sequence)])
        alone = others.length === 0
        if (!alone) await tellGrown(sequence)
        for (let waited = false; ; waited = true) {
          const silent = others.filter((other) => !wait.cutBy.has(other.node))
          if (silent.length === 0 || (waited && silent.every(({ applied }) => applied >= sequence))) break
          const names = silent.map((other) => other.node)
          await heardOrLater(wait, names)
          if (!names.every((name) => wait.cutBy.has(name))) others = await look()
        }
        return { others: others.length, cut: [...wait.cutBy.values()].reduce((sum, cut) => sum + cut, 0) }
      } finally {
        waiting.delete(sequence)
      }
    },
    async leave() {
      left = true
      clearInterval(timer)
      until[0] = 0
      await working
      await hearing.close()
      await nodes.leave(node).catch(() => {})
    },
  }
}
