import { cliMarkdown } from '@gatehouse/cli/reference'
import { errorsPage } from './errors.ts'
import { settingsPage } from './settings.ts'
import { GENERATED } from './table.ts'

/** A generated page of the reference. */
export type Page = {
  /** Its path from the root of the repository. */
  readonly file: string
  readonly generate: () => string
}

/** Every page that is made out of the code. `npm run reference` writes them, `npm run check` fails where they differ. */
export const REFERENCE: readonly Page[] = [
  { file: 'docs/reference/cli.md', generate: () => `${GENERATED}\n${cliMarkdown()}` },
  { file: 'docs/reference/errors.md', generate: errorsPage },
  { file: 'docs/reference/settings.md', generate: settingsPage },
]
