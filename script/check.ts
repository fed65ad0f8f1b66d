/**
 * `npm run check [name…]`: the rules of the house, all of them or those named. Each prints what is wrong and the cure; the
 * exit code is 1 where one is broken.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { cycles } from './check/cycles.ts'
import { dependencies } from './check/dependencies.ts'
import { exportsTold } from './check/exports.ts'
import { layers } from './check/layers.ts'
import { reference } from './check/reference.ts'
import { size } from './check/size.ts'
import { type Finding, readTree } from './check/tree.ts'
import { words } from './check/words.ts'

const root = join(import.meta.dirname, '..')
const RULES = [layers, cycles, exportsTold, dependencies, reference, words, size]

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

type Outcome = { readonly name: string; readonly says: string; readonly trouble: string }

async function main(wanted: readonly string[]): Promise<number> {
  const known = [...PROGRAMS, ...RULES].map(({ name }) => name)
  const unknown = wanted.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    console.error(`There is no check "${unknown[0]}": take from ${known.join(', ')}.`)
    return 1
  }
  const asked = ({ name }: { name: string }) => wanted.length === 0 || wanted.includes(name)
  const programs = PROGRAMS.filter(asked).map(runProgram)
  const tree = readTree(root)
  const rules = RULES.filter(asked).map(({ name, says, find }) => ({
    name,
    says,
    trouble: find(tree).map(line).join('\n'),
  }))
  const outcomes: Outcome[] = [...(await Promise.all(programs)), ...rules]
  for (const { name, says, trouble } of outcomes) {
    console.log(trouble === '' ? `✔ ${name}: ${says}` : `✖ ${name}: ${says}\n${indented(trouble)}`)
  }
  const failed = outcomes.filter(({ trouble }) => trouble !== '').length
  console.log(`${outcomes.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function line({ where, wrong, cure }: Finding): string {
  return `${where}: ${wrong}; ${cure}`
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ')
}

function runProgram({ name, says, args: [program = '', ...args], cure }: (typeof PROGRAMS)[number]): Promise<Outcome> {
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

process.exitCode = await main(process.argv.slice(2))
