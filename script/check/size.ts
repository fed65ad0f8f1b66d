import { isTest, type Rule } from './tree.ts'

/** The most lines that a file of code may have. */
const MOST = 400

const CODE = /\.([cm]?[jt]sx?|css|html|sql|sh)$/
const EXEMPT = /(^|\/)(vectors|generated)\/|^docs\/reference\//

/** A file is one idea. */
export const size: Rule = {
  name: 'size',
  says: `no file of code has more than ${MOST} lines, vectors and generated files apart`,
  find: (tree) =>
    [...tree].flatMap(([path, text]) => {
      const lines = text.split('\n').length - 1
      if (lines <= MOST || !CODE.test(path) || EXEMPT.test(path)) return []
      const cure = isTest(path) ? 'split it by what it tests' : 'find the second idea in it and give that a file'
      return [{ where: path, wrong: `${lines} lines`, cure }]
    }),
}
