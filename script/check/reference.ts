import { REFERENCE } from '../reference/pages.ts'
import type { Rule } from './tree.ts'

/** The generated pages of the reference say what the code says. */
export const reference: Rule = {
  name: 'reference',
  says: 'docs/reference is generated and up to date',
  find: (tree) =>
    REFERENCE.filter(({ file, generate }) => tree.get(file) !== generate()).map(({ file }) => ({
      where: file,
      wrong: tree.has(file) ? 'is out of date' : 'is missing',
      cure: 'npm run reference',
    })),
}
