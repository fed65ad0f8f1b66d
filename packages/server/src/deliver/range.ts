/** The bytes to send: from `start` to before `end`. */
export type ByteRange = { readonly start: number; readonly end: number }

/**
 * Reads a Range header against a representation of `size` bytes (RFC 9110, section 14.2). One byte range is served. Null means "send the
 * whole": no header, another unit, several ranges, or a header that is not well formed (which a server ignores).
 * `unsatisfiable` means 416.
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | null {
  if (header === undefined) return null
  const match = ONE_RANGE.exec(header)
  if (match === null) return null
  const [, first = '', last = ''] = match
  if (first === '') {
    const length = Number(last)
    if (last === '') return null
    return length === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - length), end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return null
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) }
}

const ONE_RANGE = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i
