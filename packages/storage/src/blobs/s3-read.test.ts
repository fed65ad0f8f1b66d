import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { collect, patternBytes } from '../../conformance/blob-source.ts'
import { BlobsUnavailable } from './port.ts'
import { createS3Client } from './s3-client.ts'
import { readObject } from './s3-read.ts'
import { parseS3Url } from './s3-url.ts'

const bytes = patternBytes(1000)

type Answer = (part: { from: number; body: Uint8Array; nth: number }, response: ServerResponse) => void

/** Reads all bytes from a store that answers in its own way; answers the starts of the parts it was asked for, too. */
async function readFrom(answer: Answer) {
  const asked: number[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    asked.push(Number(from))
    answer({ from: Number(from), body: bytes.subarray(Number(from), Number(to) + 1), nth: asked.length }, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const location = parseS3Url(`s3://id:secret@bucket?endpoint=http://127.0.0.1:${port}`)
  const client = createS3Client(location, { connectMs: 500, stallMs: 500 })
  try {
    const object = { client, Bucket: 'bucket', Key: 'key', size: 1000, answerMs: 500, stallMs: 100 }
    return { read: await collect(readObject(object, 0, 1000)), asked }
  } finally {
    client.destroy()
    server.closeAllConnections()
    server.close()
  }
}

const head = (response: ServerResponse, length: number) =>
  response.writeHead(206, { 'content-length': length, connection: 'close' })

test('a body that is cut is read on from where it ended', async () => {
  const { read, asked } = await readFrom(({ body, nth }, response) => {
    head(response, body.byteLength)
    if (nth > 2) response.end(body)
    else response.write(body.subarray(0, 100), () => response.destroy())
  })
  assert.ok(Buffer.from(bytes).equals(read))
  assert.deepEqual(asked, [0, 100, 200])
})

test('a body that stands still is read on from where it ended', async () => {
  const { read } = await readFrom(({ body, nth }, response) => {
    head(response, body.byteLength)
    if (nth > 1) response.end(body)
    else response.write(body.subarray(0, 100))
  })
  assert.ok(Buffer.from(bytes).equals(read))
})

const hostile: [string, Answer][] = [
  [
    'a body that is cut and then not there',
    ({ body, nth }, response) => {
      head(response, body.byteLength)
      response.write(nth > 1 ? '' : body.subarray(0, 100), () => response.destroy())
    },
  ],
  ['a part that is shorter than asked for', ({ body }, response) => head(response, 10).end(body.subarray(0, 10))],
  [
    'the whole where a part was asked for',
    ({ body, nth }, response) => {
      if (nth > 1) return void head(response, 1000).end(bytes)
      head(response, body.byteLength).write(body.subarray(0, 100), () => response.destroy())
    },
  ],
  ['a body without an end to go by', ({ body }, response) => response.writeHead(206).end(body.subarray(0, 500))],
  ['silence', () => {}],
  ['a page of HTML', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello')],
]

for (const [what, answer] of hostile) {
  test(`${what} raises BlobsUnavailable`, () => assert.rejects(readFrom(answer), BlobsUnavailable))
}
