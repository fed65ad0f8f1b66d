import { REASONS } from '@gatehouse/core/reasons'
import { GENERATED, table } from './table.ts'

/** The page of refusals: each reason with the status and the RFC 6750 code it has on the wire, and what to do. */
export function errorsPage(): string {
  const rows = Object.entries(REASONS).map(([code, { status, challenge, title, sentence }]) => [
    `<a id="${code}"></a>\`${code}\``,
    String(status),
    challenge === null ? '' : `\`${challenge}\``,
    title,
    sentence,
  ])
  return `${GENERATED}
# Errors

Every refusal is \`application/problem+json\` (RFC 9457). Its \`code\` is stable and stands in this table; statuses and
challenges follow RFC 6750.

## Refusals of the gate

${table(['code', 'status', 'challenge', 'title', 'what to do'], rows)}`
}
