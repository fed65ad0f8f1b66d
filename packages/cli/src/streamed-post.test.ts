import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { FileChanged, formOf } from './import/form.ts'
import { type StreamedBody, streamedPost, Unreached } from './streamed-post.ts'

let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
})

after(() => rmSync(folder, { recursive: true }))

async function withServer<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function fileOf(
  name: string,
  content: string | Buffer,
): { path: string; file: string; size: number; modified: number } {
  const file = join(folder, `${Math.random()}`)
  writeFileSync(file, content)
  return { path: name, file, size: Buffer.byteLength(content), modified: 0 }
}

/** A body without end, which only an answer or an abort stops. */
const endless: StreamedBody = {
  contentType: 'text/plain',
  length: 2 ** 40,
  async *chunks() {
    for (;;) yield Buffer.alloc(65536)
  },
}

for (const [name, size] of [
  ['empty.txt', 0],
  ['large.bin', 3_000_000],
  ['"quoted"\r\nü.txt', 10],
] as const) {
  test(`a form arrives as its fields and its file: ${JSON.stringify(name)}, ${size} bytes`, async () => {
    const content = Buffer.alloc(size, 'ab')
    const received = await withServer(
      async (request, response) => {
        const body = await buffer(request)
        const form = await new Response(body, {
          headers: { 'content-type': request.headers['content-type'] ?? '' },
        }).formData()
        const file = form.get('file') as File
        const bytes = Buffer.from(await file.arrayBuffer())
        response.end(
          JSON.stringify({ from: form.get('from'), name: file.name, type: file.type, same: bytes.equals(content) }),
        )
      },
      (url) => streamedPost(url, formOf(fileOf(name, content), { from: 'änna' }, 'text/plain'), { headers: {} }),
    )
    assert.deepEqual(JSON.parse(received.text), { from: 'änna', name, type: 'text/plain', same: true })
  })
}

test('an answer before the end of the body counts', async () => {
  const { status } = await withServer(
    (_request, response) => response.writeHead(413, { connection: 'close' }).end('{}'),
    (url) => streamedPost(url, endless, { headers: {} }),
  )
  assert.equal(status, 413)
})

test('an abort ends it', async () => {
  const controller = new AbortController()
  await withServer(
    (request) => request.once('data', () => controller.abort()),
    (url) =>
      assert.rejects(streamedPost(url, endless, { headers: {}, signal: controller.signal }), { name: 'AbortError' }),
  )
})

/** A body of which every byte is sent at once. */
const short: StreamedBody = {
  contentType: 'text/plain',
  length: 5,
  async *chunks() {
    yield Buffer.from('short')
  },
}

test('an abort ends it, too, while the answer to a whole body is awaited', async () => {
  const controller = new AbortController()
  await withServer(
    (request) => request.on('end', () => controller.abort()).resume(),
    (url) =>
      assert.rejects(streamedPost(url, short, { headers: {}, signal: controller.signal }), { name: 'AbortError' }),
  )
})

test('a server that hangs up after the whole body, or in the middle of its answer, was not reached', async () => {
  await withServer(
    (request) => request.on('end', () => request.socket.destroy()).resume(),
    (url) => assert.rejects(streamedPost(url, short, { headers: {} }), Unreached),
  )
  await withServer(
    (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{', () => request.socket.destroy())
    },
    (url) => assert.rejects(streamedPost(url, short, { headers: {} }), Unreached),
  )
})

test('a server that is not there, or hangs up, was not reached', async () => {
  await assert.rejects(streamedPost('http://127.0.0.1:9/', endless, { headers: {} }), Unreached)
  await withServer(
    (request) => request.socket.destroy(),
    (url) => assert.rejects(streamedPost(url, endless, { headers: {} }), Unreached),
  )
})

test('a file that became shorter is told as that, and one that is gone as what the system says', async () => {
  const shorter = fileOf('a', 'abcdef')
  truncateSync(shorter.file, 2)
  const gone = { ...fileOf('b', 'abc'), file: join(folder, 'gone') }
  await withServer(
    (request) => request.resume(),
    async (url) => {
      await assert.rejects(streamedPost(url, formOf(shorter, {}, 'text/plain'), { headers: {} }), FileChanged)
      await assert.rejects(streamedPost(url, formOf(gone, {}, 'text/plain'), { headers: {} }), { code: 'ENOENT' })
    },
  )
})
