import { styleText } from 'node:util'

/** Where text goes. */
export type Out = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }

/** What a command sees of the world outside: data goes to `stdout`, everything for people alone to `stderr`. */
export type Terminal = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: Out
  readonly stderr: Out
}

/** The real one. */
export function systemTerminal(): Terminal {
  return { env: process.env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }
}

/** Prints data: as JSON, or as the text for people. */
export function print(terminal: Terminal, json: boolean | undefined, value: unknown, text: string): void {
  const shown = json === true ? JSON.stringify(value, null, 2) : text
  terminal.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`)
}

/** A line for people beside the data. */
export function note(terminal: Terminal, text: string): void {
  terminal.stderr.write(`${text}\n`)
}

/** Text in colour where the stream is a terminal and NO_COLOR is not set. */
export function coloured(out: Out, format: 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim', text: string): string {
  return styleText(format, text, { stream: out as NodeJS.WriteStream })
}

/** Rows in columns under headings. An empty table says so. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '(none)'
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === headings.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')
  return [headings.map((heading) => heading.toUpperCase()), ...rows].map((cells) => line(cells).trimEnd()).join('\n')
}

/** Names and values, one a line. */
export function fields(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}
