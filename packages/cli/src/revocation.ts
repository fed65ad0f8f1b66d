import type { Changed, RevocationView } from './answers.ts'

/** What a revocation achieved, as one line. */
export function revocationText({ sequence, nodes, milliseconds, cut }: RevocationView): string {
  const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
  return `sequence ${sequence}, in force on ${plural(nodes, 'node')} after ${milliseconds} ms, ${plural(cut, 'open response')} cut`
}

/** The same for an answer that may carry one; empty where it does not. */
export function changedText(answer: Changed<unknown> | null): string {
  return answer?.revocation === undefined ? '' : ` (${revocationText(answer.revocation)})`
}
