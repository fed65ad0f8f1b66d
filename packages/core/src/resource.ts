/**
 * A place in the one tree of resources: `/apps/{app}/conversations/{conversation}/{key}/{filename}` and so on.
 *
 * Gate and storage receive this same object; nobody parses a path a second time.
 */
export type Resource = {
  /** The canonical percent-encoded text; `/` for the root. Two resources are the same exactly if this text is. */
  readonly path: string
  /** The decoded segments (NFC); none for the root. */
  readonly segments: readonly string[]
}
