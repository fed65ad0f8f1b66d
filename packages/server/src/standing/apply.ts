import type { Change, LoggedChange } from '@gatehouse/storage/records/port'
import type { Board } from './board.ts'
import type { OpenResponses } from './open-responses.ts'

/** The memories of one thread that depend on the log of changes. */
export type Memories = {
  readonly board: Board
  readonly openResponses: OpenResponses
  readonly forgetApp: (app: string) => void
  readonly forgetKeys: () => void
  readonly forgetLogins: () => void
  readonly forgetMediaKeys: () => void
  readonly forgetPath: (path: string) => void
  readonly forgetAllPaths: () => void
}

/**
 * Brings one thread up to a change: its view of standing first, then everything remembered that the change touches, and last the responses
 * under way, each of which is judged again. Answers how many were cut.
 *
 * MUST be called in the order of sequences. `writesShared` is true on the one thread of a node that writes shared memory,
 * which applies a change before the others hear of it.
 */
export function applyChange(logged: LoggedChange, memories: Memories, writesShared: boolean): number {
  const { change } = logged
  memories.board.apply(logged.rows, writesShared)
  if (change.kind === 'key' || (change.kind === 'revoke' && 'key' in change.target)) memories.forgetKeys()
  if (endsLogins(change)) memories.forgetLogins()
  // Attachments say who sent them.
  if (change.kind === 'user-merge') memories.forgetAllPaths()
  if (change.kind === 'media-key') memories.forgetMediaKeys()
  if (change.kind === 'app' || change.kind === 'settings' || change.kind === 'link-key') {
    memories.forgetApp(change.app)
    memories.forgetAllPaths()
    if (change.kind === 'app') memories.forgetKeys()
  }
  for (const path of logged.paths) memories.forgetPath(path)
  return opensOnly(change) ? 0 : memories.openResponses.review(logged)
}

/** Whether a change takes login sessions away, or gives them to somebody else. Their standing ends them; what is remembered only goes along. */
function endsLogins(change: Change): boolean {
  switch (change.kind) {
    case 'login':
    case 'user-merge':
      return true
    case 'user':
    case 'app':
      return change.to === 'deleted'
    case 'revoke':
      return 'session' in change.target || 'user' in change.target || 'subject' in change.target
    default:
      return false
  }
}

/** Changes that can only give access never end a response. */
function opensOnly(change: Change): boolean {
  switch (change.kind) {
    case 'user':
    case 'key':
    case 'app':
      return change.to === 'active'
    case 'media-key':
      return change.to !== 'retired'
    case 'member':
    case 'members':
      return change.to === 'in'
    case 'attachment':
      return change.to === 'public' || change.to === 'shared'
    case 'protect':
      return change.to === 'public'
    default:
      return false
  }
}
