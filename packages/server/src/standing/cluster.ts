import { randomUUID } from 'node:crypto'
import type { NodeMessage, Nodes } from '@gatehouse/storage/records/nodes'
import type { Logger } from 'pino'
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

/** A caller who waits for the other nodes: what each has cut so far, and what to do when one says something. */
type Waiting = { readonly cutBy: Map<string, number>; wake: () => void }

/** Resolves when another node says something, or after a short time. */
function heardOrLater(wait: Waiting): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ASK_AGAIN)
    wait.wake = () => {
      clearTimeout(timer)
      resolve()
    }
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
    await nodes.renew(node, reported, lease)
    await nodes.tell({ kind: 'applied', node, sequence: reported, cut: cuts() })
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
        if (wanted > applied()) await catchUp()
        await report()
        if (wanted > reported && wanted > applied()) throw new Error(`the log of changes ends before ${wanted}`)
      }
    } catch (error) {
      if (!left) log.warn({ err: error }, 'changes of other nodes could not be read; the next renewal tries again')
    } finally {
      following = false
    }
  }

  let told = 0
  let telling: Promise<void> | null = null
  /** Tells the others that the log has grown; callers who come together share one message. Without it they find out when they renew. */
  async function tellGrown(sequence: number): Promise<void> {
    while (told < sequence) {
      telling ??= tellMost().finally(() => {
        telling = null
      })
      await telling
    }
  }

  async function tellMost(): Promise<void> {
    const most = Math.max(...waiting.keys())
    await nodes.tell({ kind: 'grown', sequence: most }).catch((error: unknown) => {
      log.warn({ err: error }, 'other nodes could not be told of a change; they find it when they renew their leases')
    })
    told = Math.max(told, most)
  }

  const hearing = nodes.hear((message: NodeMessage) => {
    if (message.kind === 'grown') follow(message.sequence)
    else if (message.node !== node) {
      for (const [sequence, wait] of waiting) {
        if (message.sequence < sequence) continue
        wait.cutBy.set(message.node, message.cut[sequence] ?? 0)
        wait.wake()
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
    async confirm(sequence) {
      const wait: Waiting = { cutBy: new Map(), wake: () => {} }
      waiting.set(sequence, wait)
      try {
        let { live, behind } = await nodes.others(node, sequence)
        if (live > 0) await tellGrown(sequence)
        for (let asked = 0; behind > 0 || (wait.cutBy.size < live && asked === 0); asked++) {
          await heardOrLater(wait)
          ;({ live, behind } = await nodes.others(node, sequence))
        }
        return { others: live, cut: [...wait.cutBy.values()].reduce((sum, cut) => sum + cut, 0) }
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
