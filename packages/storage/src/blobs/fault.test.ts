import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import { diskFault } from './fault.ts'
import { BlobsUnavailable, DiskFull, TooLarge } from './port.ts'

const system = (code: string, errno = -1) => Object.assign(new Error(code), { code, errno })

test('faults of the disk become errors of the port', () => {
  const rows: [Error, string][] = [
    [system('ENOSPC'), 'DiskFull'],
    [system('Unknown system error -122', -constants.errno.EDQUOT), 'DiskFull'],
    [system('EIO'), 'BlobsUnavailable'],
    [system('EROFS'), 'BlobsUnavailable'],
    [system('EMFILE'), 'BlobsUnavailable'],
    [new Error('no code'), 'BlobsUnavailable'],
  ]
  for (const [error, name] of rows) {
    const fault = diskFault(error)
    assert.equal(fault.name, name, error.message)
    assert.equal(fault.cause, error)
  }
  for (const error of [new DiskFull(), new BlobsUnavailable(), new TooLarge()]) assert.equal(diskFault(error), error)
})
