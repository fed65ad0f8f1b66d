import { REASONS } from '@gatehouse/core/reasons'
import { PROBLEMS } from '@gatehouse/server/problems'
import { GENERATED, table } from './table.ts'

/** The page of errors: the gate's refusals with the RFC 6750 code they have on the wire, and the API's own errors. */
export function errorsPage(): string {
  const refusals = Object.entries(REASONS).map(([code, { status, challenge, title, sentence }]) => [
    anchored(code),
    String(status),
    challenge === null ? '' : `\`${challenge}\``,
    title,
    sentence,
  ])
  const problems = Object.entries(PROBLEMS).map(([code, { status, title, sentence }]) => [
    anchored(code),
    String(status),
    title,
    sentence,
  ])
  return `${GENERATED}
# Errors

Every error is \`application/problem+json\` (RFC 9457): \`type\`, \`title\`, \`status\`, \`code\`, \`detail\` and \`instance\`, which names
the request as the log does. The \`code\` is stable and stands in one of these tables.

## Refusals of the gate

Statuses and challenges (in \`WWW-Authenticate\`) follow RFC 6750. A refusal never says more to somebody who may not know.

${table(['code', 'status', 'challenge', 'title', 'what to do'], refusals)}
## Errors of the API

${table(['code', 'status', 'title', 'what to do'], problems)}`
}

function anchored(code: string): string {
  return `<a id="${code}"></a>\`${code}\``
}
