import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Database, Flavour } from './database.ts'
import type { Tables } from './schema.ts'

/** Texts as they are searched: without regard to case, each on a line. Both what is kept and what is looked for go through this. */
export function folded(...texts: readonly (string | null)[]): string {
  return texts.flatMap((text) => (text === null ? [] : [foldedLine(text)])).join('\n')
}

function foldedLine(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Cc}\s]+/gu, ' ')
}

/** Whether a folded column holds a folded text anywhere. */
export function holds(flavour: Flavour, column: string, text: string): RawBuilder<SqlBool> {
  return flavour === 'sqlite'
    ? sql<SqlBool>`instr(${sql.ref(column)}, ${text}) > 0`
    : sql<SqlBool>`strpos(${sql.ref(column)}, ${text}) > 0`
}

/** The serials of an app's users whose id or name holds a text, for a condition. */
export function usersLike({ flavour, read }: Pick<Database<Tables>, 'flavour' | 'read'>, app: string, text: string) {
  return read
    .selectFrom('users')
    .select('serial')
    .where('app', '=', app)
    .where(holds(flavour, 'folded', folded(text)))
}

/** A tag as it stands between others in {@link tagLines}. */
export function tagLine(tag: string): string {
  return `\n${JSON.stringify(tag)}\n`
}

/**
 * Tags as JSON with every tag on a line of its own. JSON escapes line feeds inside strings, so that looking for a whole line
 * finds exactly the tag.
 */
export function tagLines(tags: readonly string[]): string {
  return tags.length === 0 ? '[]' : `[${tags.map(tagLine).join(',')}]`
}

/** Whether a column of {@link tagLines} holds any of the tags. */
export function hasTag(flavour: Flavour, column: string, tags: readonly string[]): RawBuilder<SqlBool> {
  if (tags.length === 0) return sql<SqlBool>`1 = 0`
  return sql<SqlBool>`(${sql.join(
    tags.map((tag) => holds(flavour, column, tagLine(tag))),
    sql` or `,
  )})`
}
