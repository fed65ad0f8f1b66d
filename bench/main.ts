/**
 * `npm run bench [-- section… --rounds N --seconds N --source]`: measures Gatehouse and its peers side by side, prints what came of
 * it, and writes it into `bench/RESULTS.md`. With `--source` the sources run as they are, otherwise what was built.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BUILT, SOURCES } from './gatehouse.ts'
import { machine, whatIsMissing } from './machine.ts'
import { chapter, place } from './report.ts'
import { SECTIONS } from './sections.ts'

const RESULTS = join(import.meta.dirname, 'RESULTS.md')
const INTRO = `# What was measured

Written by \`npm run bench\`; \`npm run bench -- NAME\` measures one section again. Everything in a table ran in alternating rounds
on one machine; figures are medians of the rounds, and a ratio is the median of the ratios of each round. Absolute figures depend on
the machine and on what else it does: compare ratios. The benchmark alone makes a load average of about two. Where a section tells of
more, the machine had other work: CPU time per request still means something there, requests per second and delays mean little.`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      source: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.find((name) => !SECTIONS.some((section) => section.name === name))
  const trouble =
    unknown === undefined
      ? whatIsMissing()
      : `There is no section "${unknown}": take from ${SECTIONS.map(({ name }) => name).join(', ')}.`
  if (trouble !== null) {
    console.error(trouble)
    return 1
  }
  const chosen = SECTIONS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  for (const section of chosen) {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
    try {
      console.error(`bench: ${section.name}`)
      const findings = await section.run({
        rounds: Number(values.rounds),
        seconds: Number(values.seconds),
        folder,
        gatehouse: values.source ? SOURCES : BUILT,
        say: (line) => console.error(`  ${line}`),
      })
      const when = new Date().toISOString().slice(0, 10)
      const text = chapter(section, findings, when, machine())
      console.log(`${text}\n`)
      const before = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : ''
      writeFileSync(
        RESULTS,
        place(
          INTRO,
          before,
          [text],
          SECTIONS.map(({ title }) => title),
        ),
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return 0
}

process.exitCode = await main()
