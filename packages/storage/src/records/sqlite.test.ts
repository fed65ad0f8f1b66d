import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { recordsConformance } from '../../conformance/records.ts'
import { openSqliteRecords } from './sqlite.ts'

const make = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-records-'))
  return {
    open: () => openSqliteRecords({ file: join(folder, 'gatehouse.db') }),
    end: () => rm(folder, { recursive: true }),
  }
}

recordsConformance({ describe, test, before, after }, 'sqlite', make, { shared: true })
