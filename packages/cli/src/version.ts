import { readFileSync } from 'node:fs'

/** The version of this package. `src/` and `dist/` are equally deep, so one path holds for both. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
