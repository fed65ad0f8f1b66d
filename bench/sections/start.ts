import { join } from 'node:path'
import { startGatehouse } from '../gatehouse.ts'
import { median, show } from '../numbers.ts'
import type { Bench, Findings, Section } from '../section.ts'

/** How long the process takes until it accepts connections. */
export const start: Section = { name: 'start', title: 'Starting', run }

async function run({ rounds, folder, gatehouse: launch }: Bench): Promise<Findings> {
  const fresh: number[] = []
  const again: number[] = []
  const memory: number[] = []
  for (let round = 0; round < rounds; round++) {
    const data = join(folder, `data-${round}`)
    for (const into of [fresh, again]) {
      const gatehouse = await startGatehouse(launch, data)
      into.push(gatehouse.startMilliseconds)
      memory.push(gatehouse.running.residentBytes() / 1e6)
      await gatehouse.stop()
    }
  }
  return {
    tables: [
      {
        title: 'From the start of the process until it is ready',
        columns: ['', 'ms'],
        rows: [
          ['with an empty data folder', show(median(fresh))],
          ['with a data folder that was used before', show(median(again))],
        ],
      },
    ],
    goals: [],
    notes: [`Right after that the process holds ${show(median(memory))} MB.`],
  }
}
