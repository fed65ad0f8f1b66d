import type { Command } from 'commander'

/** What a command's help says after the options: examples to copy, and what usually comes next. */
export function teach(
  command: Command,
  lesson: { readonly examples: readonly string[]; readonly next?: readonly string[]; readonly more?: string },
): Command {
  const block = (heading: string, lines: readonly string[]) =>
    `\n${heading}:\n${lines.map((l) => `  ${l}`).join('\n')}\n`
  const examples = block(
    lesson.examples.length > 1 ? 'Examples' : 'Example',
    lesson.examples.map((line) => `$ ${line}`),
  )
  const next = lesson.next === undefined ? '' : block('Next', lesson.next)
  return command.addHelpText('after', `${lesson.more === undefined ? '' : `\n${lesson.more}\n`}${examples}${next}`)
}
