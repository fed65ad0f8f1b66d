/** The app, the conversations and the people of the demonstration. */
export const DEMO = {
  app: 'demo',
  name: 'Demonstration',
  conversation: 'holiday',
  /** Another conversation, into which the photo was shared, too: what is for the first one does not open it. */
  sibling: 'office',
  sender: 'alice',
  receivers: ['bob', 'carol'],
  people: { alice: 'Alice', bob: 'Bob', carol: 'Carol' },
} as const

/** One sample file, made by `script/make-samples.ts`. */
export type Sample = {
  readonly kind: 'photo' | 'pdf' | 'audio' | 'video'
  readonly filename: string
  readonly contentType: string
}

/** The media that alice shares. */
export const SAMPLES: readonly Sample[] = [
  { kind: 'photo', filename: 'lake.jpg', contentType: 'image/jpeg' },
  { kind: 'pdf', filename: 'plan.pdf', contentType: 'application/pdf' },
  { kind: 'audio', filename: 'evening.mp3', contentType: 'audio/mpeg' },
  { kind: 'video', filename: 'flight.mp4', contentType: 'video/mp4' },
]

/** Where the files of the demonstration lie. `src/` and `dist/` are equally deep, so this holds for both. */
export const ASSETS = new URL('../../assets/demo/', import.meta.url)
