/**
 * The nodes that serve one database. Every live node holds a lease that it renews; whoever changes standing waits until every node with
 * a lease has applied the change, or its lease has run out. A node whose lease has run out MUST NOT trust what it remembers.
 *
 * Leases are timed by the database's clock alone, so that the clocks of nodes are never compared.
 */
export interface Nodes {
  /**
   * Takes part with a lease of so many milliseconds. `applied` is the sequence that the node's standing is loaded at, or
   * before: what the log holds after it MUST be applied before the lease may be trusted, so that no change falls between.
   */
  join(node: string, applied: number, lease: number): Promise<void>
  /**
   * Renews the lease and tells what the node has applied. Once it has answered, what was in the log by then MUST be applied before
   * the lease may be trusted. Tells all nodes `message` along with it, as {@link tell} does.
   */
  renew(node: string, applied: number, lease: number, message?: NodeMessage): Promise<void>
  /** The other nodes that hold a lease now, and what each of them has applied. */
  others(node: string): Promise<readonly { readonly node: string; readonly applied: number }[]>
  /** The least sequence that a node with a lease has applied; null where none holds one. */
  applied(): Promise<number | null>
  /** Gives the lease back: nobody waits for this node any more. */
  leave(node: string): Promise<void>
  /** Tells all nodes something at once, this one included. May be lost; nothing but time may depend on it. */
  tell(message: NodeMessage): Promise<void>
  /** Hears what nodes tell, until `close`. Connects again by itself where the connection is lost. */
  hear(listener: (message: NodeMessage) => void): { close(): Promise<void> }
}

/** What nodes tell each other: that the log has grown, or that one has applied it up to a sequence and cut so many responses. */
export type NodeMessage =
  | { readonly kind: 'grown'; readonly sequence: number }
  | {
      readonly kind: 'applied'
      readonly node: string
      readonly sequence: number
      /** Open responses cut, by sequence; only the latest ones. */
      readonly cut: Readonly<Record<string, number>>
    }
