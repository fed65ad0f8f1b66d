import type { Asked, Flavour } from './database.ts'

/**
 * A piece of SQL: texts with a value between each two. For the few statements that are asked all the time: written down as they are, they
 * cost a twentieth of what the query builder takes to make the same text, and go past it to the database.
 */
export type Piece = { readonly texts: readonly string[]; readonly values: readonly unknown[] }

/** Writes a piece. Values become parameters; a value that is a piece is set in. */
export function piece(texts: TemplateStringsArray, ...values: readonly unknown[]): Piece {
  return { texts, values }
}

/** A piece without values. The text MUST be the program's own. */
export function plain(text: string): Piece {
  return { texts: [text], values: [] }
}

/** Pieces one after another. */
export function inRow(pieces: readonly Piece[], between = ''): Piece {
  const texts = pieces.map((_, index) => (index === 0 ? '' : between))
  return { texts: [...texts, ''], values: pieces }
}

/** Whether a column is one of the values: one parameter, however many they are. The column's name MUST be the program's own. */
export function among(flavour: Flavour, column: string, values: readonly string[] | readonly number[]): Piece {
  return flavour === 'sqlite'
    ? { texts: [`${column} in (select value from json_each(`, '))'], values: [JSON.stringify(values)] }
    : { texts: [`${column} = any(`, ')'], values: [values] }
}

/**
 * The same for lists that mostly hold one value, which is looked up at half the cost of a list. Not for a column that begins the key of a large
 * table beside another condition with an index of its own: SQLite takes the key for a plain `=`, and reads all that has the one value.
 */
export function isAny(flavour: Flavour, column: string, values: readonly string[] | readonly number[]): Piece {
  return values.length === 1 ? { texts: [`${column} = `, ''], values } : among(flavour, column, values)
}

/** A table of some whole numbers, `wanted` with the column `value`: one parameter, however many they are. */
export function tableOf(flavour: Flavour, values: readonly number[]): Piece {
  return flavour === 'sqlite'
    ? piece`json_each(${JSON.stringify(values)}) as wanted`
    : piece`unnest(${values}::bigint[]) as wanted (value)`
}

/**
 * Asks for columns of whole numbers, and answers each as a list, in the order of the rows, which is not known. However many rows there are, they
 * come as one: to make an object of a row costs more than to find it.
 */
export async function numbersOf<C extends string>(
  asked: Asked,
  columns: readonly C[],
  statement: Piece,
): Promise<Readonly<Record<C, readonly number[]>>> {
  const lists = columns.map((column) =>
    plain(
      asked.flavour === 'sqlite'
        ? `group_concat(${column}) as ${column}`
        : `string_agg(${column}::text, ',') as ${column}`,
    ),
  )
  const [row] = await rowsOf<Record<C, string | null>>(
    asked,
    piece`select ${inRow(lists, ', ')} from (${statement}) as listed`,
  )
  const numbers = columns.map((column) => [column, JSON.parse(`[${row?.[column] ?? ''}]`)])
  return Object.fromEntries(numbers) as Record<C, readonly number[]>
}

/** Asks, and answers all rows. `R` MUST be what the statement selects. */
export async function rowsOf<R>(asked: Asked, statement: Piece): Promise<readonly R[]> {
  const values: unknown[] = []
  return asked.ask<R>(write(statement, asked.flavour, values), values)
}

/**
 * The sign changes nothing but this: SQLite plans a statement once more for each new value of a bare parameter that might tell it which index
 * is best, which costs more than the lookup itself. A partial index MUST therefore be named by a condition without a parameter.
 */
const SQLITE_PARAMETER = '+?'

/** The text of a piece; its values are appended to `all`. */
function write({ texts, values }: Piece, flavour: Flavour, all: unknown[]): string {
  let text = texts[0] ?? ''
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (isPiece(value)) text += write(value, flavour, all)
    else {
      all.push(value)
      text += flavour === 'sqlite' ? SQLITE_PARAMETER : `$${all.length}`
    }
    text += texts[i + 1] ?? ''
  }
  return text
}

function isPiece(value: unknown): value is Piece {
  return typeof value === 'object' && value !== null && 'texts' in value
}
