import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { asvs } from './asvs.ts'
import { cycles } from './cycles.ts'
import { dependencies } from './dependencies.ts'
import { exportsTold } from './exports.ts'
import { layers } from './layers.ts'
import { links } from './links.ts'
import { reference } from './reference.ts'
import { size } from './size.ts'
import { type Finding, readTree } from './tree.ts'
import { words } from './words.ts'

const RULES = [layers, cycles, exportsTold, dependencies, reference, words, size, asvs, links]

/** Rules that a program of others holds. */
const PROGRAMS = [
  {
    name: 'format',
    says: 'formatted and linted as biome.json says',
    args: ['@biomejs/biome/bin/biome', 'ci', '--error-on-warnings', '--colors=off', '--max-diagnostics=20', '.'],
    cure: 'npm run format mends most of it',
  },
  {
    name: 'types',
    says: 'the types hold, strictly',
    args: ['typescript/bin/tsc', '-p', '.'],
    cure: 'correct the types; casts and `any` only hide what is wrong',
  },
]

/** The names of all checks. */
export const CHECKS: readonly string[] = [...PROGRAMS, ...RULES].map(({ name }) => name)

/** What came of one check. */
export type Outcome = {
  readonly name: string
  /** The rule in one sentence. */
  readonly says: string
  /** What is wrong, with the cure; empty where the rule is kept. */
  readonly trouble: string
}

/** Runs the checks with these names, on the repository at `root`. */
export async function runChecks(root: string, names: readonly string[]): Promise<readonly Outcome[]> {
  const asked = ({ name }: { name: string }) => names.includes(name)
  const programs = PROGRAMS.filter(asked).map((program) => runProgram(root, program))
  const tree = readTree(root)
  const rules = RULES.filter(asked).map(({ name, says, find }) => {
    return { name, says, trouble: find(tree).map(line).join('\n') }
  })
  return [...(await Promise.all(programs)), ...rules]
}

/** An outcome as it is printed. */
export function tell({ name, says, trouble }: Outcome): string {
  return trouble === '' ? `✔ ${name}: ${says}` : `✖ ${name}: ${says}\n${trouble.replace(/^/gm, '  ')}`
}

function line({ where, wrong, cure }: Finding): string {
  return `${where}: ${wrong}; ${cure}`
}

function runProgram(
  root: string,
  { name, says, args: [program = '', ...args], cure }: (typeof PROGRAMS)[number],
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', program), ...args], { cwd: root })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ name, says, trouble: code === 0 ? '' : `${output.trimEnd()}\n${cure}` }))
  })
}
