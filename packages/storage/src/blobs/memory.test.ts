import { describe, test } from 'node:test'
import { testBlobs } from '../../conformance/blobs.ts'
import { createMemoryBlobs } from './memory.ts'

describe('memory blobs conform to the port', () => {
  testBlobs(test, {
    make: async () => ({
      blobs: createMemoryBlobs(),
      litter: async () => [],
      interrupt: async () => 0,
      end: async () => {},
    }),
    failAt: [0, 1, 65_536, 65_537],
    uploadMemory: null,
  })
})
