import { after, before, describe, test } from 'node:test'
import { recordsConformance } from '../../conformance/records.ts'
import { openMemoryRecords } from './memory.ts'

const make = async () => ({ open: openMemoryRecords, end: async () => {} })

recordsConformance({ describe, test, before, after }, 'memory', make, { shared: false })
