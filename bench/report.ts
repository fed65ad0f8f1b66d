import type { Findings, Section, Table } from './section.ts'

const HEAD = /^## /m

/**
 * Writes the findings of a section as Markdown. `when` is the day, `how` says what was run on what.
 */
export function chapter({ title }: Section, { tables, goals, notes }: Findings, when: string, how: string): string {
  const goalTable: Table = {
    title: 'Goals',
    columns: ['goal', 'wanted', 'measured', ''],
    rows: goals.map(({ what, goal, measured, met }) => [what, goal, measured, met ? 'met' : '**missed**']),
  }
  return [
    `## ${title}`,
    `${when}; ${how}`,
    ...[...tables, ...(goals.length > 0 ? [goalTable] : [])].map(table),
    ...notes.map((note) => `- ${note}`),
  ].join('\n\n')
}

/**
 * Puts chapters into the text of `RESULTS.md`: those with the same title are replaced where they stand, and others stay, so
 * that a section can be measured again alone. `intro` stands before them; `order` are all titles as they are to follow each other.
 */
export function place(intro: string, text: string, chapters: readonly string[], order: readonly string[]): string {
  const [, ...old] = text.split(HEAD)
  const byTitle = new Map<string, string>()
  for (const body of [...old, ...chapters.map((one) => one.replace(HEAD, ''))]) {
    byTitle.set(body.slice(0, body.indexOf('\n')), body.trim())
  }
  const kept = order.flatMap((title) => {
    const body = byTitle.get(title)
    return body === undefined ? [] : [`## ${body}`]
  })
  return `${[intro.trim(), ...kept].join('\n\n')}\n`
}

function table({ title, columns, rows }: Table): string {
  const lines = [columns, columns.map((_, index) => (index === 0 ? '---' : '--:')), ...rows]
  return `**${title}**\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}`
}
