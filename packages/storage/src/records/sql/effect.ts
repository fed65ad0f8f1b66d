import type { Change } from '../port.ts'
import type { Mark } from './standing.ts'

/** What a change does beside its own log entry: marks of standing still to be written, and paths whose row changed. */
export type Effect = { readonly marks: readonly Mark[]; readonly paths: readonly string[] }

/** A change of one kind. */
export type Of<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>
