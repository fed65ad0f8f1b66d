import { after, before, describe, test } from 'node:test'
import { openTestDatabase } from '../../conformance/postgres-server.ts'
import { recordsConformance } from '../../conformance/records.ts'
import { openPostgresRecords } from './postgres.ts'

const make = async () => {
  const { url, end } = await openTestDatabase()
  return { open: () => openPostgresRecords({ url }), end }
}

recordsConformance({ describe, test, before, after }, 'postgres', make, { shared: true })
