import type { LoggedChange } from '@gatehouse/storage/records/port'

/** A response under way: what has to stay permitted while it goes out. */
export type OpenResponse = {
  /** The app it belongs to. */
  readonly app: string
  /** The path that is being read. */
  readonly path: string
  /** Whether a recipient link opened it: those go with the app's link key. */
  readonly byLink: boolean
  /** Asks the gate again, with the standing of now; false where it may not go on. */
  readonly permitted: () => boolean
  /** Destroys the connection, so that the client sees an error and never a clean end. */
  readonly cut: () => void
}

/** Every response that is being sent by this thread, so that a change of standing can end those it forbids. */
export type OpenResponses = {
  /** MUST be called in the same turn of the event loop as the decision. Answers the function that takes it off again. */
  add(response: OpenResponse): () => void
  /**
   * Cuts what a change forbids: responses whose path it names, those by links of a key that is gone, and whatever the gate, asked again
   * for every open response of the app (null: of all), denies. Answers how many were cut.
   */
  review(logged: Pick<LoggedChange, 'app' | 'change' | 'paths'>): number
  /** Cuts all of them: for a thread that nobody could tell any more what to cut. */
  cutAll(): void
  readonly size: number
}

/** Creates an empty register. */
export function createOpenResponses(): OpenResponses {
  const byApp = new Map<string, Set<OpenResponse>>()
  let size = 0
  const reviewSet = (set: Iterable<OpenResponse>, goesOn: (response: OpenResponse) => boolean): number => {
    let cut = 0
    for (const response of [...set]) {
      if (goesOn(response)) continue
      response.cut()
      cut++
    }
    return cut
  }
  return {
    get size() {
      return size
    },
    add(response) {
      const set = byApp.get(response.app) ?? new Set()
      byApp.set(response.app, set)
      set.add(response)
      size++
      return () => {
        if (!set.delete(response)) return
        size--
        if (set.size === 0 && byApp.get(response.app) === set) byApp.delete(response.app)
      }
    },
    cutAll() {
      for (const set of [...byApp.values()]) reviewSet(set, () => false)
    },
    review({ app, change, paths }) {
      const touched = new Set(paths)
      const goesOn = (response: OpenResponse) =>
        !touched.has(response.path) && !(response.byLink && change.kind === 'link-key') && response.permitted()
      if (app !== null) return reviewSet(byApp.get(app) ?? [], goesOn)
      let cut = 0
      for (const set of [...byApp.values()]) cut += reviewSet(set, goesOn)
      return cut
    },
  }
}
