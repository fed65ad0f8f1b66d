import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { collect, patternBytes } from '../../conformance/blob-source.ts'
import { until } from '../../conformance/blobs.ts'
import { createBuffers } from './buffers.ts'
import type { Descriptor } from './descriptors.ts'
import { readPooled } from './pooled-read.ts'
import { BlobsUnavailable } from './port.ts'

const KB = 1024
const LARGE = 512 * KB

/** A file in memory that counts what is read from it, and gives at most `most` bytes at a time. */
function fileOf(bytes: Uint8Array, { size = bytes.byteLength, most = Number.MAX_SAFE_INTEGER } = {}) {
  const file = {
    size,
    read: async (buffer: Uint8Array, length: number, position: number) => {
      const part = bytes.subarray(position, position + Math.min(length, most))
      buffer.set(part)
      file.asked = Math.max(file.asked, position + length)
      return part.byteLength
    },
    release() {},
    asked: 0,
  }
  return file satisfies Descriptor
}

const failing = (error: Error): Descriptor => ({ size: 100, read: () => Promise.reject(error), release() {} })

describe('reading through pooled buffers', () => {
  test('a quick reader gets a small chunk first and large ones after it, and one is read ahead', async () => {
    const file = fileOf(patternBytes(2 * LARGE + 40 * KB))
    const buffers = createBuffers({ maxBytes: 4 * LARGE })
    const sizes: number[] = []
    let ahead = 0
    for await (const chunk of readPooled(file, buffers, 0, file.size)) {
      if (sizes.push(chunk.byteLength) === 1) ahead = file.asked
    }
    assert.deepEqual(sizes, [32 * KB, LARGE, LARGE, 8 * KB])
    assert.equal(ahead, 32 * KB + LARGE)
    assert.equal(buffers.lent(), 0)
  })

  test('a reader that stalls gives back what was read ahead, and goes on to get every byte', async () => {
    const bytes = patternBytes(4 * LARGE)
    const buffers = createBuffers({ maxBytes: 4 * LARGE })
    const reading = readPooled(fileOf(bytes), buffers, 0, bytes.byteLength, { stallMs: 5 })
    const first = new Uint8Array((await reading.next()).value ?? [])
    assert.equal(buffers.lent(), LARGE, 'one large chunk is read ahead')
    await until(() => buffers.lent() === 0, 'what was read ahead stays in memory')
    const rest = await collect(reading)
    assert.ok(Buffer.concat([first, rest]).equals(bytes))
    assert.equal(buffers.lent(), 0)
  })

  test('readers beyond the bound get small chunks, and every byte', async () => {
    const bytes = patternBytes(3 * LARGE)
    const buffers = createBuffers({ maxBytes: LARGE })
    const busy = buffers.lend(LARGE)
    const sizes = new Set<number>()
    const copies: Uint8Array[] = []
    for await (const chunk of readPooled(fileOf(bytes), buffers, 0, bytes.byteLength)) {
      sizes.add(chunk.byteLength)
      copies.push(new Uint8Array(chunk))
    }
    assert.deepEqual([...sizes], [32 * KB])
    assert.ok(Buffer.concat(copies).equals(bytes))
    busy.release()
    busy.release()
    assert.equal(buffers.lent(), 0)
  })

  test('a system that reads less than it is asked for loses no byte', async () => {
    const bytes = patternBytes(LARGE)
    const buffers = createBuffers({ maxBytes: 4 * LARGE })
    assert.ok(Buffer.from(bytes).equals(await collect(readPooled(fileOf(bytes, { most: 5000 }), buffers, 0, LARGE))))
  })

  test('ending early at any chunk gives every buffer back', async () => {
    const bytes = patternBytes(4 * LARGE)
    for (let chunks = 1; chunks <= 4; chunks++) {
      const buffers = createBuffers({ maxBytes: 4 * LARGE })
      const reading = readPooled(fileOf(bytes), buffers, 0, bytes.byteLength)
      for (let at = 0; at < chunks; at++) await reading.next()
      await reading.return()
      await until(() => buffers.lent() === 0, `buffers stay on loan after ${chunks} chunks`)
    }
  })

  test('a file that is shorter than it was raises BlobsUnavailable and gives every buffer back', async () => {
    for (const missing of [1, LARGE, 2 * LARGE]) {
      const buffers = createBuffers({ maxBytes: 4 * LARGE })
      const file = fileOf(patternBytes(2 * LARGE + 1 - missing), { size: 2 * LARGE + 1 })
      await assert.rejects(collect(readPooled(file, buffers, 0, file.size)), BlobsUnavailable)
      await until(() => buffers.lent() === 0, 'buffers stay on loan')
    }
  })

  test('a fault of the disk raises BlobsUnavailable with its cause', async () => {
    const fault = Object.assign(new Error('bad block'), { code: 'EIO' })
    const buffers = createBuffers({ maxBytes: 4 * LARGE })
    await assert.rejects(collect(readPooled(failing(fault), buffers, 0, 100)), {
      name: 'BlobsUnavailable',
      cause: fault,
    })
  })
})
