/** How the command ends, as a number for scripts. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  findings: 5,
  interrupted: 130,
} as const

/** One of the numbers of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What each exit code means, for the help and the reference. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'not done; the message says why'],
  [EXIT.usage, 'the command line or a setting is not right'],
  [EXIT.refused, 'the gate refused the key (401 or 403)'],
  [EXIT.unreachable, 'no server answers at the URL'],
  [EXIT.findings, 'check or doctor found something'],
  [EXIT.interrupted, 'interrupted; the same command goes on where it stopped'],
]
