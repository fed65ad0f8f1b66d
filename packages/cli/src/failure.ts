import type { ExitCode } from './exit-code.ts'

/** A reason to stop that is told in a sentence, never with a stack. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: ExitCode
  /** A stable word for programs: the `code` of a refusal, or one of the command's own. */
  readonly code: string
  /** What to do about it, one sentence. */
  readonly cure: string | null
  /** The HTTP status, where a server answered. */
  readonly status: number | null

  constructor(
    exit: ExitCode,
    code: string,
    sentence: string,
    more: { readonly cure?: string; readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(sentence, { cause: more.cause })
    this.exit = exit
    this.code = code
    this.cure = more.cure ?? null
    this.status = more.status ?? null
  }
}
