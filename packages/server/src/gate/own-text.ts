/**
 * A copy of an ASCII text that stands for itself. What was cut out of a request may be a view of all of it, which would be kept in memory
 * for as long as the part is.
 */
export function ownText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
