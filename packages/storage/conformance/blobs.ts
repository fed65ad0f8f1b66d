import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Blobs, TooLarge } from '../src/blobs/port.ts'
import { collect, failingAt, gatedSource, inChunks, patternBytes } from './blob-source.ts'

/** An empty store of blobs, made for one test. */
export type BlobsUnderTest = {
  readonly blobs: Blobs
  /** Names of everything in the store that is no finished blob: temporary files, incomplete multipart uploads. */
  litter(): Promise<readonly string[]>
  /** Leaves behind what interrupted uploads of a dead process leave, and answers how many. */
  interrupt(): Promise<number>
  /** Ends the store and removes it. */
  end(): Promise<void>
}

/** What the suite needs to know of an adapter. */
export type BlobsConformance = {
  make(): Promise<BlobsUnderTest>
  /** Sizes at which a source fails; chosen around the edges of what the adapter writes at once. */
  readonly failAt: readonly number[]
  /** The most memory that a 48 MB upload may take; null where the adapter keeps blobs in memory. */
  readonly uploadMemory: number | null
}

type Runner = (name: string, test: () => Promise<void>) => unknown

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const noLimit = { maxBytes: Number.MAX_SAFE_INTEGER }
const MB = 1024 * 1024

/**
 * Proves an adapter of the blobs port: one test for each MUST. `test` is the runner's function (`test` of node:test);
 * every test gets a store of its own.
 */
export function testBlobs(test: Runner, { make, failAt, uploadMemory }: BlobsConformance): void {
  const check = (name: string, body: (store: BlobsUnderTest) => Promise<void>) =>
    test(name, async () => {
      const store = await make()
      try {
        await body(store)
      } finally {
        await store.end()
      }
    })

  const assertEmpty = async ({ blobs, litter }: BlobsUnderTest, after: string) => {
    assert.deepEqual(await listAll(blobs), [], `a blob is there after ${after}`)
    assert.deepEqual(await litter(), [], `litter after ${after}`)
  }

  for (const size of [0, 1, 65_535, 65_536, 65_537, 3 * MB + 1]) {
    check(`put: ${size} bytes come back as they were, with their size and SHA-256`, async ({ blobs, litter }) => {
      const bytes = patternBytes(size)
      const stored = await blobs.put('app', inChunks(bytes), noLimit)
      assert.match(stored.blob, /^app\/[0-9a-f]{32}$/)
      assert.deepEqual([stored.size, stored.sha256], [size, sha256(bytes)])
      assert.ok(Buffer.from(bytes).equals(await readAll(blobs, stored.blob)), 'other bytes')
      assert.deepEqual(await litter(), [])
    })
  }

  check('put: the size of the chunks makes no difference', async ({ blobs }) => {
    const bytes = patternBytes(300_000)
    for (const chunk of [997, 65_536, 300_000]) {
      const stored = await blobs.put('app', inChunks(bytes, chunk), noLimit)
      assert.equal(stored.sha256, sha256(bytes))
      assert.equal(sha256(await readAll(blobs, stored.blob)), sha256(bytes))
    }
  })

  if (uploadMemory !== null) {
    check('put: holds a bounded part in memory', async ({ blobs }) => {
      const used = measureMemory()
      const start = used()
      let most = 0
      async function* source() {
        for (let at = 0; at < 48 * 16; at++) {
          yield new Uint8Array(65_536).fill(at)
          if (at % 16 === 15) most = Math.max(most, used() - start)
        }
      }
      const stored = await blobs.put('app', source(), noLimit)
      assert.equal(stored.size, 48 * MB)
      assert.ok(most <= uploadMemory, `${most} bytes in memory`)
    })
  }

  check('put: leaves nothing when the source fails, at any byte', async (store) => {
    const bytes = patternBytes(Math.max(...failAt))
    for (const offset of failAt) {
      const failure = new Error('the source failed')
      await assert.rejects(store.blobs.put('app', failingAt(bytes, offset, failure), noLimit), (e) => e === failure)
      await assertEmpty(store, `failing at ${offset}`)
    }
  })

  check('put: leaves nothing when the signal aborts, even while the source is silent', async (store) => {
    for (const size of [0, 1, 200_000]) {
      const source = gatedSource(patternBytes(size))
      const controller = new AbortController()
      const put = store.blobs.put('app', source.chunks, { ...noLimit, signal: controller.signal })
      const refused = assert.rejects(put, { message: 'enough' })
      await source.waiting
      controller.abort(new Error('enough'))
      await refused
      source.end()
      await assertEmpty(store, `an abort after ${size} bytes`)
    }
  })

  check('put: does not begin under a signal that has aborted', async (store) => {
    const signal = AbortSignal.abort(new Error('too late'))
    const put = store.blobs.put('app', inChunks(patternBytes(10)), { ...noLimit, signal })
    await assert.rejects(put, { message: 'too late' })
    await assertEmpty(store, 'an abort beforehand')
  })

  check('put: takes maxBytes and raises TooLarge one byte later, leaving nothing', async (store) => {
    for (const maxBytes of [0, 1, 65_536, 100_000]) {
      const put = store.blobs.put('app', inChunks(patternBytes(maxBytes + 1)), { maxBytes })
      await assert.rejects(put, TooLarge)
      await assertEmpty(store, `a byte more than ${maxBytes}`)
    }
    for (const maxBytes of [0, 1, 65_536, 100_000]) {
      const stored = await store.blobs.put('app', inChunks(patternBytes(maxBytes)), { maxBytes })
      assert.equal(stored.size, maxBytes)
    }
  })

  check('put: refuses an app id that could lead out of its folder', async (store) => {
    for (const app of ['', '.', '..', '../app', 'a/b', 'a\\b', 'a\0', 'a b', 'é', 'a'.repeat(129)]) {
      await assert.rejects(store.blobs.put(app, inChunks(patternBytes(1)), noLimit), TypeError, app)
    }
    await assertEmpty(store, 'refused app ids')
  })

  check('put: many at once do not disturb each other', async ({ blobs }) => {
    const all = Array.from({ length: 24 }, (_, index) => patternBytes(100_000 + index * 1000, index + 1))
    const stored = await Promise.all(all.map((bytes) => blobs.put('app', inChunks(bytes, 10_000), noLimit)))
    assert.equal(new Set(stored.map(({ blob }) => blob)).size, all.length)
    for (const [index, { blob }] of stored.entries()) {
      assert.equal(sha256(await readAll(blobs, blob)), sha256(all[index] ?? new Uint8Array()))
    }
  })

  check('open: answers null where there is no blob, or no blob name', async ({ blobs }) => {
    for (const blob of [`app/${'0'.repeat(32)}`, '', 'app', `../${'0'.repeat(32)}`, `app/${'A'.repeat(32)}`]) {
      assert.equal(await blobs.open(blob), null, blob)
      assert.equal(await blobs.stat(blob), null, blob)
    }
  })

  check('read: any part of a blob, to the byte', async ({ blobs }) => {
    const size = MB + 100
    const bytes = patternBytes(size)
    const { blob } = await blobs.put('app', inChunks(bytes), noLimit)
    const handle = await opened(blobs, blob)
    assert.equal(handle.size, size)
    const edges = [0, 1, 32_767, 32_768, 32_769, 557_055, 557_056, 557_057, size - 1, size]
    for (const [index, start] of edges.entries()) {
      for (const end of edges.slice(index)) {
        const part = await collect(handle.read(start, end))
        assert.ok(Buffer.from(bytes.subarray(start, end)).equals(part), `bytes ${start} to ${end}`)
      }
    }
    for (const [start, end] of [
      [-1, 1],
      [0, size + 1],
      [size + 1, size + 1],
      [2, 1],
    ] as const) {
      await assert.rejects(collect(handle.read(start, end)), RangeError, `${start} to ${end}`)
    }
    await handle.close()
  })

  check('read: several readers of one handle each get their own bytes', async ({ blobs }) => {
    const bytes = patternBytes(2 * MB)
    const { blob } = await blobs.put('app', inChunks(bytes), noLimit)
    const handle = await opened(blobs, blob)
    const parts = await Promise.all([0, 1, 2, 3].map((at) => collect(handle.read(at * 1000, 2 * MB - at))))
    for (const [at, part] of parts.entries()) {
      assert.ok(Buffer.from(bytes.subarray(at * 1000, 2 * MB - at)).equals(part), `reader ${at}`)
    }
    await handle.close()
  })

  check('read: ending the iteration early frees descriptors and sockets', async ({ blobs }) => {
    const { blob } = await blobs.put('app', inChunks(patternBytes(3 * MB)), noLimit)
    const readOnce = async () => {
      const handle = await opened(blobs, blob)
      for await (const chunk of handle.read(5, 3 * MB)) {
        assert.ok(chunk.byteLength > 0)
        break
      }
      await handle.close()
    }
    await readOnce()
    const before = openDescriptors()
    for (let round = 0; round < 40; round++) await readOnce()
    await until(() => openDescriptors() <= before + 2, 'descriptors stay open')
  })

  check('read: a blob deleted meanwhile is read to its end or raises, never other bytes', async ({ blobs }) => {
    const bytes = patternBytes(3 * MB)
    const { blob } = await blobs.put('app', inChunks(bytes), noLimit)
    const handle = await opened(blobs, blob)
    const copies: Uint8Array[] = []
    let failed = false
    try {
      for await (const chunk of handle.read(0, handle.size)) {
        if (copies.push(new Uint8Array(chunk)) === 1) {
          await blobs.delete(blob)
          await blobs.put('app', inChunks(patternBytes(3 * MB, 2)), noLimit)
        }
      }
    } catch {
      failed = true
    }
    await handle.close()
    const read = Buffer.concat(copies)
    assert.ok(Buffer.from(bytes.subarray(0, read.byteLength)).equals(read), 'other bytes')
    assert.ok(failed || read.byteLength === bytes.byteLength, 'a clean end with bytes missing')
  })

  check('stat: size and time of a blob', async ({ blobs }) => {
    const from = Date.now()
    const { blob } = await blobs.put('app', inChunks(patternBytes(1234)), noLimit)
    const found = await blobs.stat(blob)
    assert.equal(found?.size, 1234)
    // Stores keep whole seconds, and file systems a clock of their own that lags by a few milliseconds.
    assert.ok(found.modifiedAt >= from - 2000 && found.modifiedAt <= Date.now() + 2000, `${found.modifiedAt}`)
  })

  check('delete: a blob is gone at once, and deleting it again is no error', async (store) => {
    const { blob } = await store.blobs.put('app', inChunks(patternBytes(10)), noLimit)
    await readAll(store.blobs, blob)
    await store.blobs.delete(blob)
    assert.equal(await store.blobs.open(blob), null)
    assert.equal(await store.blobs.stat(blob), null)
    await store.blobs.delete(blob)
    await store.blobs.delete('no blob name')
    await assertEmpty(store, 'deleting')
  })

  check('list: every blob of every app, with its size', async ({ blobs }) => {
    const sizes = new Map<string, number>()
    for (let index = 0; index < 12; index++) {
      const { blob, size } = await blobs.put(index % 2 ? 'app' : 'other', inChunks(patternBytes(index)), noLimit)
      sizes.set(blob, size)
    }
    const listed = await listAll(blobs)
    assert.equal(listed.length, 12)
    assert.deepEqual(new Map(listed.map(({ blob, size }) => [blob, size])), sizes)
    assert.ok(listed.every(({ modifiedAt }) => Math.abs(modifiedAt - Date.now()) < 60_000))
  })

  check('sweep: removes what dead processes left behind, once it is old enough, and counts it', async (store) => {
    const { blob } = await store.blobs.put('app', inChunks(patternBytes(10)), noLimit)
    const left = await store.interrupt()
    assert.equal((await store.litter()).length, left)
    assert.equal(await store.blobs.sweep(Date.now() - 3_600_000), 0, 'too young to be swept')
    assert.equal((await store.litter()).length, left)
    assert.equal(await store.blobs.sweep(Date.now() + 3_600_000), left)
    assert.deepEqual(await store.litter(), [])
    assert.equal((await readAll(store.blobs, blob)).byteLength, 10)
  })

  check('sweep: never removes what an upload in progress is using', async ({ blobs }) => {
    const bytes = patternBytes(6 * MB)
    const source = gatedSource(bytes)
    const put = blobs.put('app', source.chunks, noLimit)
    await source.waiting
    assert.equal(await blobs.sweep(Date.now() + 3_600_000), 0)
    source.end()
    assert.equal(sha256(await readAll(blobs, (await put).blob)), sha256(bytes))
  })

  check('ping answers, and free is a number of bytes or not known', async ({ blobs }) => {
    await blobs.ping()
    const free = await blobs.free()
    assert.ok(free === null || (Number.isInteger(free) && free >= 0), `${free}`)
  })
}

/** Opens a blob that has to be there. */
export async function opened(blobs: Blobs, blob: string) {
  const handle = await blobs.open(blob)
  assert.ok(handle, `no blob ${blob}`)
  return handle
}

/** All bytes of a blob that has to be there. */
export async function readAll(blobs: Blobs, blob: string): Promise<Uint8Array> {
  const handle = await opened(blobs, blob)
  try {
    return await collect(handle.read(0, handle.size))
  } finally {
    await handle.close()
  }
}

/** Everything that a store lists. */
export async function listAll(blobs: Blobs) {
  return (await Array.fromAsync(blobs.list())).flat()
}

/** How many file descriptors (sockets included) this process has open. Linux only. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** Waits until something holds, asking again and again; fails with the text after ten seconds. */
export async function until(holds: () => boolean | Promise<boolean>, otherwise: string): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > end) assert.fail(otherwise)
    await delay(10)
  }
}

/** Bytes of buffers in use, counted after a collection of garbage. */
function measureMemory(): () => number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  return () => {
    gc()
    return process.memoryUsage().arrayBuffers
  }
}
