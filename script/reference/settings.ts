import { SETTINGS } from '@gatehouse/server/config-table'
import { Settings } from '@gatehouse/server/settings'
import { GENERATED, table } from './table.ts'

/** The page of settings: those of the process, by group, and those of an app. */
export function settingsPage(): string {
  const groups = [...new Set(Object.values(SETTINGS).map(({ group }) => group))].map((group) => {
    const rows = Object.entries(SETTINGS)
      .filter(([, setting]) => setting.group === group)
      .map(([name, { shown, meaning, secret }]) => [
        `\`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}\``,
        `\`GATEHOUSE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}\``,
        shown,
        secret ? `${meaning} Secret: may also come from a file (\`…_FILE\`, \`…-file\`).` : meaning,
      ])
    return `### ${group}\n\n${table(['flag', 'variable', 'default', 'meaning'], rows)}`
  })
  const app = Object.entries(Settings.properties).map(([name, schema]) => {
    const { default: fallback, description } = schema as { default?: unknown; description?: string }
    return [`\`${name}\``, `\`${JSON.stringify(fallback)}\``, description ?? '']
  })
  return `${GENERATED}
# Settings

## Of the process

A flag wins over a variable. Unknown names are refused, and all errors are told at once.

${groups.join('\n')}
## Of an app

Read and changed by \`GET\` and \`PATCH /v1/apps/{app}\`; null resets one to its default.

${table(['name', 'default', 'meaning'], app)}`
}
