import type { Blobs } from '@gatehouse/storage/blobs/port'
import { evaluate, rangeCounts } from './conditional.ts'
import type { HotBlobs } from './hot-blobs.ts'
import type { MediaRequest, Outlet } from './outlet.ts'
import { type ByteRange, readRange } from './range.ts'
import type { Representation } from './representation.ts'
import { sendBlob } from './send.ts'

/** What a delivery came to. `bytes` are those of the body. */
export type Delivered = { readonly status: number; readonly bytes: number }

/** How an answer has to look, before a byte is read. */
export type Plan =
  | { readonly status: 200 | 206; readonly range: ByteRange }
  | { readonly status: 304 | 412 | 416; readonly range: null }

/** What a delivery is made of. */
export type Delivery = {
  readonly blobs: Blobs
  readonly hot: HotBlobs
  /** Blobs up to this size go out of memory. */
  readonly smallFileBytes: number
  /** A reader slower than this is cut. */
  readonly minimumBytesPerSecond: number
  /** The prefix under which a front server serves the blobs itself, or null. Only for requests that came through it. */
  readonly offloadPrefix: string | null
}

/** From here on a front server is asked to send the file, where there is one. */
const OFFLOAD_FROM = 1024 * 1024

/** Decides status and range from the head of an authorised request (RFC 9110, sections 13 and 14). */
export function plan(request: MediaRequest, representation: Representation): Plan {
  const { headers } = request
  const outcome = evaluate(headers, representation)
  if (outcome !== 'proceed') return { status: outcome, range: null }
  const { size } = representation
  // Range is defined for GET only; HEAD answers as if it were not there (RFC 9110, section 14.2).
  const wanted = request.method === 'GET' && rangeCounts(one(headers['if-range']), representation)
  const range = wanted ? readRange(headers.range, size) : null
  if (range === 'unsatisfiable') return { status: 416, range: null }
  return range === null ? { status: 200, range: { start: 0, end: size } } : { status: 206, range }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

/**
 * What a planned answer is of a view: its beginning (the file from its first byte), a part from further on, or nothing but
 * words about it (HEAD, 304, 416).
 */
export function partOfView(request: MediaRequest, { range }: Plan): 'begins' | 'continues' | 'asks' {
  if (request.method !== 'GET' || range === null) return 'asks'
  return range.start === 0 ? 'begins' : 'continues'
}

/**
 * Gives an allowed request its answer. `extra` are headers of this answer alone. Answers at once where the body comes out
 * of memory. Raises `BlobsUnavailable` before anything was sent where the store does not answer; null means that the bytes
 * are not there although the record is.
 */
export function deliver(
  request: MediaRequest,
  outlet: Outlet,
  representation: Representation,
  planned: Plan,
  extra: readonly string[],
  delivery: Delivery,
): Delivered | Promise<Delivered | null> {
  const { status, range } = planned
  if (range === null) return sendWords(outlet, representation, planned, extra)
  const { size, blob, headers } = representation
  const length = range.end - range.start
  const own = [...extra, 'Content-Length', String(length)]
  if (status === 206) own.push('Content-Range', `bytes ${range.start}-${range.end - 1}/${size}`)
  if (request.method === 'HEAD' || length === 0) {
    outlet.send(status, headers, own, null)
    return { status, bytes: 0 }
  }
  if (size <= delivery.smallFileBytes) {
    const send = (body: Buffer): Delivered => {
      outlet.send(status, headers, own, length === body.length ? body : body.subarray(range.start, range.end))
      return { status, bytes: length }
    }
    const body = delivery.hot.peek(blob)
    if (body !== undefined) return send(body)
    return delivery.hot.load(blob).then((loaded) => (loaded === null ? null : send(loaded)))
  }
  if (delivery.offloadPrefix !== null && size >= OFFLOAD_FROM) {
    const location = delivery.blobs.location(blob)
    if (location !== null) {
      outlet.send(200, headers, [...extra, 'X-Accel-Redirect', `${delivery.offloadPrefix}${location}`], null)
      return { status, bytes: length }
    }
  }
  return sendLarge(outlet, status, [...headers, ...own], blob, range, delivery)
}

/** Whether an answer has to be sent piece by piece: only an outlet with a stream can carry it. */
export function isLarge(
  request: MediaRequest,
  { size }: Representation,
  { smallFileBytes }: Pick<Delivery, 'smallFileBytes'>,
): boolean {
  return size > smallFileBytes && request.method !== 'HEAD'
}

/** An answer that only tells something: 304, 412, 416. */
function sendWords(
  outlet: Outlet,
  { headers, guards, size }: Representation,
  { status }: Plan,
  extra: readonly string[],
): Delivered {
  // 304 repeats what 200 would have said of the representation; it has no length and no type (RFC 9110, section 15.4.5).
  if (status === 304) outlet.send(status, NONE, [...headers.slice(4), ...extra], null)
  else {
    const range = status === 416 ? ['Content-Range', `bytes */${size}`] : []
    outlet.send(status, guards, [...extra, 'Cache-Control', 'no-store', 'Content-Length', '0', ...range], null)
  }
  return { status, bytes: 0 }
}

const NONE: readonly string[] = []

async function sendLarge(
  { stream }: Outlet,
  status: number,
  head: string[],
  blob: string,
  range: ByteRange,
  { blobs, minimumBytesPerSecond }: Delivery,
): Promise<Delivered | null> {
  if (stream === null) throw new Error('an outlet without a stream was asked to carry a large answer')
  const handle = await blobs.open(blob)
  if (handle === null) return null
  if (stream.destroyed) {
    await handle.close()
    return { status, bytes: 0 }
  }
  stream.writeHead(status, head)
  return { status, bytes: await sendBlob(stream, handle, range, minimumBytesPerSecond) }
}
