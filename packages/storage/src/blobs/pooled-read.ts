import type { Buffers } from './buffers.ts'
import type { Descriptor } from './descriptors.ts'
import { diskFault } from './fault.ts'
import { BlobsUnavailable } from './port.ts'

/** How long a reader may leave a chunk before what was read ahead for it is given back. */
const STALL_MS = 500
/** A reader is quick that takes at least this many bytes in a millisecond (2.5 MB in a second). */
const QUICK = 2500

/**
 * Reads a part of a file in chunks, the next one being read while the last is used. A chunk is valid only until the next
 * one is asked for.
 *
 * Memory follows the reader. It begins with a small buffer; one that takes chunks quickly is given two large ones; one that
 * takes them slowly gets one small buffer and nothing ahead. What was read ahead is given back when a reader stalls, so that
 * it holds only the chunk it has not finished with.
 *
 * Ending the iteration early gives everything back. Raises {@link BlobsUnavailable} where the file ends before `end` or
 * cannot be read, RangeError where the part is not inside the file.
 */
export async function* readPooled(
  file: Descriptor,
  buffers: Buffers,
  start: number,
  end: number,
  { stallMs = STALL_MS }: { stallMs?: number } = {},
): AsyncGenerator<Uint8Array, void> {
  if (!(start >= 0 && start <= end && end <= file.size)) {
    throw new RangeError(`bytes ${start} to ${end} are not inside a blob of ${file.size}`)
  }
  let position = start
  let pending = start
  let wanted = buffers.small // the first chunk shows whether anybody is reading
  let current: Piece | null = null
  let ahead: Piece | null = null

  const begin = () => {
    const piece = beginPiece(file, buffers, pending, Math.min(wanted, end - pending))
    pending += piece.length
    return piece
  }
  const dropAhead = () => {
    ahead?.drop()
    ahead = null
    pending = position
  }

  try {
    while (position < end) {
      const piece: Piece = ahead ?? begin()
      current = piece
      ahead = null
      const bytes = await piece.bytes
      position += bytes.byteLength
      if (position === bytes.byteLength + start) wanted = buffers.large
      if (position < end && wanted === buffers.large) ahead = begin()
      const stall = ahead && setTimeout(dropAhead, stallMs).unref()
      const given = performance.now()
      try {
        yield bytes
      } finally {
        if (stall) clearTimeout(stall)
      }
      const quick = bytes.byteLength >= QUICK * (performance.now() - given)
      wanted = quick ? buffers.large : buffers.small
      piece.drop()
      current = null
    }
  } finally {
    current?.drop()
    dropAhead()
  }
}

/** A chunk that is being read, or has been. */
type Piece = {
  readonly length: number
  readonly bytes: Promise<Uint8Array>
  /** Gives the buffer back, once the read into it has ended. */
  drop(): void
}

function beginPiece(file: Descriptor, buffers: Buffers, position: number, wanted: number): Piece {
  const { buffer, release } = buffers.lend(wanted)
  const length = Math.min(wanted, buffer.byteLength)
  const bytes = fill(file, buffer, length, position)
  bytes.catch(() => {}) // raised where it is awaited; a dropped one is awaited nowhere
  return { length, bytes, drop: () => void bytes.then(release, release) }
}

async function fill(file: Descriptor, buffer: Uint8Array, length: number, position: number): Promise<Uint8Array> {
  let filled = 0
  while (filled < length) {
    const part = filled === 0 ? buffer : buffer.subarray(filled)
    const count = await file.read(part, length - filled, position + filled).catch((error: unknown) => {
      throw diskFault(error)
    })
    if (count === 0) throw new BlobsUnavailable(`a blob ends ${length - filled} bytes before its end`)
    filled += count
  }
  return buffer.subarray(0, length)
}
