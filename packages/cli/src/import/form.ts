import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import type { StreamedBody } from '../streamed-post.ts'
import type { Found } from './files.ts'

/** The file is not what it was when its size was looked at. */
export class FileChanged extends Error {
  override readonly name = 'FileChanged'
}

/**
 * A file with fields before it as `multipart/form-data` (RFC 7578), read while it is sent. Raises {@link FileChanged} while it is sent
 * where the file has become shorter; bytes that were added are left out.
 */
export function formOf(found: Found, fields: Readonly<Record<string, string>>, type: string): StreamedBody {
  const boundary = `gatehouse-${randomBytes(16).toString('hex')}`
  const part = (disposition: string, rest: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${rest}`
  const head = Buffer.from(
    Object.entries(fields)
      .map(([name, value]) => part(`name="${quoted(name)}"`, `\r\n${value}\r\n`))
      .join('') + part(`name="file"; filename="${quoted(basename(found.path))}"`, `Content-Type: ${type}\r\n\r\n`),
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: head.length + found.size + tail.length,
    async *chunks() {
      yield head
      let left = found.size
      if (left > 0) {
        for await (const chunk of createReadStream(found.file, { end: found.size - 1, highWaterMark: 256 * 1024 })) {
          left -= (chunk as Buffer).length
          yield chunk as Buffer
        }
      }
      if (left > 0) throw new FileChanged('the file became shorter while it was sent')
      yield tail
    },
  }
}

/** As browsers write names in a form (WHATWG HTML, multipart/form-data encoding). */
function quoted(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
}
