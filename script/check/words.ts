import type { Finding, Rule, Tree } from './tree.ts'

/** What must not stand in a file, with the files it concerns. */
type Ban = {
  readonly pattern: RegExp
  readonly wrong: string
  readonly cure: string
  readonly concerns: (path: string) => boolean
}

const everywhere = (path: string) => !path.startsWith('script/check/')
const tests = (path: string) => /\.test\.[cm]?[jt]s$/.test(path) && !/^script\/(check|test)\//.test(path)
const vendorFree = (path: string) =>
  /^packages\/(core|storage|server)\/src\//.test(path) &&
  !/\.test\.ts$|^packages\/server\/src\/(surfaces\/|(main|thread|features|api|routes|settings|settings-in|surfaces)\.ts)/.test(
    path,
  )

const BANS: readonly Ban[] = [
  {
    pattern: /(?<![\w.-])\/(work|root|home\/\w+|tmp\/n24)\/\w/,
    wrong: 'a path of one machine',
    cure: 'take it from an argument, the environment, or the place of the file',
    concerns: everywhere,
  },
  {
    pattern: /\bregistry\.[a-z]+js\.|\bregistry\.yarnpkg\.|\b(deb|security|ftp)\.debian\.org/,
    wrong: 'the host of a package registry',
    cure: 'leave it to the configuration of npm or apt',
    concerns: everywhere,
  },
  {
    pattern: /"resolved": "(https?|git)/,
    wrong: 'the lock says where a package was fetched',
    cure: 'keep omit-lockfile-registry-resolved=true in .npmrc and write the lock again',
    concerns: (path) => path === 'package-lock.json',
  },
  {
    pattern: /\b(test|it|suite|describe|t)\.(skip|only|todo)\b|[{,]\s*(skip|only|todo):\s*(true|['"`])/,
    wrong: 'a test that is left out, or leaves others out',
    cure: 'make it run; what a test needs is installed, never skipped',
    concerns: tests,
  },
  {
    pattern: /cometchat|sunshine|smooch|zendesk|mediastream|vonage|videosdk/i,
    wrong: "a vendor's name",
    cure: 'say it in the words of the house; vendors live in surfaces/ and docs/',
    concerns: vendorFree,
  },
]

/** Some words do not belong in some files. */
export const words: Rule = {
  name: 'words',
  says: 'no machine paths, registry hosts or skipped tests; vendor words stay in surfaces/',
  find: (tree: Tree) =>
    [...tree].flatMap(([path, text]) =>
      BANS.filter(({ concerns, pattern }) => concerns(path) && pattern.test(text)).flatMap((ban) =>
        linesWith(path, text, ban),
      ),
    ),
}

function linesWith(path: string, text: string, { pattern, wrong, cure }: Ban): Finding[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [{ where: `${path}:${index + 1}`, wrong, cure }] : []))
    .slice(0, 5)
}
