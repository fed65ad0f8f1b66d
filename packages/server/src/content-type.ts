import { fileTypeFromBuffer } from 'file-type'
import type { Detected } from './file-validation.ts'

/** The type of anything whose bytes do not show what it is. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/** Watches the bytes of an upload go by and says in the end what they are. */
export type TypeWatch = {
  /** Takes the next bytes; they may be reused by the caller afterwards. */
  see(chunk: Uint8Array): void
  /** The content type to keep. MUST be asked for after the last byte. */
  type(): Promise<string>
  /** What the bytes show, whatever was declared. MUST be asked for after the last byte. */
  detected(): Promise<Detected>
}

/**
 * Watches an upload that declares a content type. The bytes decide (security.md, B2): what they contradict becomes
 * `application/octet-stream`, as do markup and everything that cannot be recognised; a declared text has to be valid UTF-8.
 * Names for one format, and the containers that hold sound as well as pictures, count as the same.
 */
export function watchType(declaredType: string): TypeWatch {
  const declared = declaredType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const claimsText = (declared.startsWith('text/') || declared === 'application/json') && !MARKUP.has(declared)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const head = Buffer.alloc(HEAD)
  let seen = 0
  let text = true
  let ended: boolean | null = null
  const decode = (chunk?: Uint8Array) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined })
      return true
    } catch {
      return false
    }
  }
  const isText = (): boolean => {
    ended ??= text && decode()
    return ended
  }
  return {
    see(chunk) {
      if (seen < HEAD) seen += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).copy(head, seen)
      if (text) text = !chunk.includes(0) && decode(chunk)
    },
    async type() {
      const found = await typeOf(head.subarray(0, seen))
      if (found !== undefined) return agree(declared, found.mime)
      if (!claimsText || !isText()) return UNKNOWN_TYPE
      return PLAIN_TEXTS.has(declared) ? declared : 'text/plain'
    },
    async detected() {
      const found = await typeOf(head.subarray(0, seen))
      return { extension: found?.ext.split('.').at(-1) ?? null, text: isText() }
    },
  }
}

/** As many first bytes as file-type asks for. */
const HEAD = 4100

/** `II` or `MM`, and 42 in that order of bytes (TIFF 6.0, section 2). */
const TIFF: readonly string[] = ['49492a00', '4d4d002a']

/**
 * What file-type makes of first bytes. For TIFF it reads the directory, to tell raw formats of cameras from it; most writers put that behind the
 * picture, where it is not among the first bytes.
 */
async function typeOf(head: Buffer): Promise<{ readonly ext: string; readonly mime: string } | undefined> {
  const found = await fileTypeFromBuffer(head)
  return found ?? (TIFF.includes(head.toString('hex', 0, 4)) ? { ext: 'tif', mime: 'image/tiff' } : undefined)
}

const MARKUP = new Set([
  'text/html',
  'text/xml',
  'text/javascript',
  'application/xml',
  'application/xhtml+xml',
  'image/svg+xml',
])

/** Texts that keep their own name; all others are kept as plain text. */
const PLAIN_TEXTS = new Set(['text/plain', 'text/csv', 'text/markdown', 'text/vtt', 'application/json'])

const UNSAID = new Set(['', UNKNOWN_TYPE, 'binary/octet-stream', 'application/unknown', '*/*'])

/** Other names for what file-type calls by the last name of the row. */
const NAMES: readonly (readonly string[])[] = [
  ['image/jpg', 'image/pjpeg', 'image/jpeg'],
  ['image/x-png', 'image/png'],
  ['image/vnd.microsoft.icon', 'image/x-icon'],
  ['image/x-ms-bmp', 'image/x-bmp', 'image/bmp'],
  ['audio/mp3', 'audio/x-mp3', 'audio/mpeg3', 'audio/mpeg'],
  ['audio/wave', 'audio/x-wav', 'audio/vnd.wave', 'audio/wav'],
  ['audio/flac', 'audio/x-flac'],
  ['audio/x-aac', 'audio/aacp', 'audio/aac'],
  ['video/avi', 'video/msvideo', 'video/x-msvideo', 'video/vnd.avi'],
  ['application/x-pdf', 'application/pdf'],
  ['application/x-zip-compressed', 'application/x-zip', 'application/zip'],
  ['application/x-gzip', 'application/gzip'],
]

/** Formats that share a container: their first bytes do not tell sound from pictures, the declared one is believed. */
const CONTAINERS: readonly (readonly string[])[] = [
  ['video/mp4', 'audio/mp4', 'video/x-m4v', 'audio/x-m4a', 'audio/m4a', 'video/quicktime', 'video/3gpp', 'video/3gpp2'],
  ['video/webm', 'audio/webm', 'video/matroska', 'video/x-matroska', 'audio/matroska', 'audio/x-matroska'],
  ['audio/ogg', 'video/ogg', 'application/ogg', 'audio/opus', 'audio/ogg; codecs=opus'],
]

/** Documents whose container is recognised where the document itself lies deeper in the file. */
const PACKAGED =
  /^application\/((vnd\.openxmlformats-officedocument|vnd\.oasis\.opendocument)\.[a-z0-9.+-]{1,100}|epub\+zip)$/
const COMPOUND = /^application\/(msword$|vnd\.ms-(excel|powerpoint|outlook)$)/

function agree(declared: string, found: string): string {
  if (MARKUP.has(found)) return UNKNOWN_TYPE
  if (declared === found || UNSAID.has(declared)) return found
  if (NAMES.some((names) => names.includes(declared) && names.includes(found))) return found
  if (CONTAINERS.some((names) => names.includes(declared) && names.includes(found))) return declared
  if (found === 'application/zip' && PACKAGED.test(declared)) return declared
  if (found === 'application/x-cfb' && COMPOUND.test(declared)) return declared
  return UNKNOWN_TYPE
}
