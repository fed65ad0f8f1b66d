/** Something that is insecure, missing or worth knowing, with what to do about it. */
export type Finding = {
  /** An error breaks safety or service; a warning will, some day; a hint is a choice worth knowing. */
  readonly level: 'error' | 'warning' | 'hint'
  /** Stable; for programs. */
  readonly code: string
  readonly sentence: string
  readonly cure: string
}

/** An error. */
export function error(code: string, sentence: string, cure: string): Finding {
  return { level: 'error', code, sentence, cure }
}

/** A warning. */
export function warning(code: string, sentence: string, cure: string): Finding {
  return { level: 'warning', code, sentence, cure }
}

/** A hint. */
export function hint(code: string, sentence: string, cure: string): Finding {
  return { level: 'hint', code, sentence, cure }
}

/** What an error says, without the full stop at its end. */
export function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
}
