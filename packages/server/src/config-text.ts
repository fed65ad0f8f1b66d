import { flagOf, SETTING_NAMES, SETTINGS, type Setting, type SettingName, variableOf } from './config-table.ts'

/** The table of settings as text for a terminal, by groups; `columns` is the width of a line. */
export function settingsText(columns = 80): string {
  const width = Math.max(...SETTING_NAMES.map((name) => usage(name).length)) + 4
  return groups()
    .map(([group, names]) => {
      const rows = names.map((name) => {
        const { meaning, shown } = SETTINGS[name]
        const lines = wrapped(`${meaning} [${shown}]`, Math.max(columns - width, 32))
        return `  ${usage(name).padEnd(width - 2)}${lines.join(`\n${' '.repeat(width)}`)}`
      })
      return `${group}:\n${rows.join('\n')}`
    })
    .join('\n\n')
}

/** The page `docs/reference/settings.md`. */
export function settingsMarkdown(): string {
  const tables = groups().map(([group, names]) => {
    const rows = names.map((name) => {
      const { meaning, shown, secret } = SETTINGS[name]
      const variable = secret ? `\`${variableOf(name)}\` or \`${variableOf(name)}_FILE\`` : `\`${variableOf(name)}\``
      const flag = secret ? `\`${flagOf(name)}\` or \`${flagOf(name)}-file\`` : `\`${flagOf(name)}\``
      return `| ${flag} | ${variable} | ${shown.replaceAll('|', '\\|')} | ${meaning.replaceAll('|', '\\|')} |`
    })
    return `## ${group}\n\n| flag | variable | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${PREFACE}\n${tables.join('\n')}`
}

const PREFACE = `# Settings

Every setting of \`gatehouse serve\` is a flag and a variable. A flag wins over the variable. An empty variable counts as absent.
All errors are reported at once, and names that are not in these tables are refused, so that a mistyped one is never silently
without effect. Sizes take a number of bytes or a unit: \`262144\`, \`256KiB\`, \`64MiB\`, \`2GiB\`.

Secrets can be read from files (\`GATEHOUSE_MASTER_KEY_FILE=/run/secrets/master-key\`); one newline at the end of the file is left
out. Prefer files and variables to flags for them: everybody on the machine can see the flags of a process.

This page is generated from the table in the source.
`

function groups(): (readonly [Setting<unknown>['group'], readonly SettingName[]])[] {
  const order = [...new Set(SETTING_NAMES.map((name) => SETTINGS[name].group))]
  return order.map((group) => [group, SETTING_NAMES.filter((name) => SETTINGS[name].group === group)] as const)
}

function usage(name: SettingName): string {
  return `${flagOf(name)}${SETTINGS[name].toggle ? '' : ' VALUE'}`
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
