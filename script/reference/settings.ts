import { settingsMarkdown } from '@gatehouse/server/config-text'
import { Settings } from '@gatehouse/server/settings'
import { GENERATED, table } from './table.ts'

/** The page of settings: those of the process, and those of an app. */
export function settingsPage(): string {
  const rows = Object.entries(Settings.properties).map(([name, schema]) => {
    const { default: fallback, description } = schema as { default?: unknown; description?: string }
    return [`\`${name}\``, `\`${JSON.stringify(fallback)}\``, description ?? '']
  })
  return `${GENERATED}
${settingsMarkdown().trimEnd()}

## Settings of an app

Read and changed by \`GET\` and \`PATCH /v1/apps/{app}\`; null resets one to its default.

${table(['name', 'default', 'meaning'], rows)}`
}
