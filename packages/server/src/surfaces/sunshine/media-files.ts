import { type FileFault, fileFault } from '../../file-validation.ts'
import type { StoredPart } from '../../form-parts.ts'
import { newAttachmentKey } from '../../secrets.ts'
import { failure } from './errors.ts'

/** The most bytes of a file (contract, section 4). */
export const MOST_FILE_BYTES = 50 * 1024 * 1024

/** Extensions of the files that this vendor takes (contract, section 4). */
export const EXTENSIONS: readonly string[] = (
  '3g2 3gp 7z aac amr avi bmp csv doc docx eml gif heic heif ics jfif jpeg jpg key log m4a m4v mov mp3 mp4 mp4a mpeg mpg mpga neon ' +
  'numbers odt oga ogg ogv opus pages pdf png pps ppsx ppt pptx qt svg tif tiff txt vcf wav webm webp wmv xls xlsx xml yaml yml zip'
).split(' ')

/** A file that may be kept: what it is called, what follows the last dot of that, and what it is. */
export type MediaFile = { readonly filename: string; readonly extension: string; readonly mediaType: string }

const TITLES: Readonly<Record<FileFault, string>> = {
  extension_not_allowed: 'File rejected. File extension not allowed',
  type_unrecognised: 'File rejected. File type could not be retrieved',
  type_not_allowed: 'File rejected. File type not allowed',
}

/** What bytes do not say of themselves: text, and what is packed in a container of many formats. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  eml: 'message/rfc822',
  ics: 'text/calendar',
  key: 'application/vnd.apple.keynote',
  log: 'text/plain',
  numbers: 'application/vnd.apple.numbers',
  odt: 'application/vnd.oasis.opendocument.text',
  pages: 'application/vnd.apple.pages',
  pps: 'application/vnd.ms-powerpoint',
  ppsx: 'application/vnd.openxmlformats-officedocument.presentationml.slideshow',
  ppt: 'application/vnd.ms-powerpoint',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  vcf: 'text/vcard',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'application/xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
}

/** Formats that show nothing more than that; what they hold, the name says. First bytes do not tell those of iWork from each other. */
const VAGUE: ReadonlySet<string | null> = new Set([null, 'zip', 'cfb', 'xml', 'key', 'numbers', 'pages'])

/** Formats by the names that the list has for them. */
const LISTED_AS: Readonly<Record<string, string>> = { apng: 'png' }

/**
 * What may be kept of an upload (contract, section 4): its extension and what its bytes show have to be in the list; one without a name is
 * named after its bytes. `contentType` MUST be what the bytes show alone. Raises 415 with the vendor's three titles.
 */
export function mediaFileOf(name: string | null, { contentType, detected }: Omit<StoredPart, 'stored'>): MediaFile {
  const { extension: shown, text } = detected
  const known = shown === null ? null : (LISTED_AS[shown] ?? shown)
  if (name === null && known === null) throw failure('unsupportedMediaType', TITLES.type_unrecognised)
  const filename = name ?? `${newAttachmentKey()}.${known}`
  const fault = fileFault(filename, { extension: known, text }, EXTENSIONS)
  if (fault !== null) throw failure('unsupportedMediaType', TITLES[fault])
  const extension = extensionOf(filename)
  const named = Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined
  return { filename, extension, mediaType: VAGUE.has(known) && named !== undefined ? named : contentType }
}

/** Raises 415 where a file of this name is refused whatever its bytes are, so that it need not be taken in. */
export function requireExtension(name: string): void {
  if (!EXTENSIONS.includes(extensionOf(name))) throw failure('unsupportedMediaType', TITLES.extension_not_allowed)
}

/** The name of a file without the folders that it stood in where it was sent; null where none was sent. */
export function bareName(sent: string | undefined): string | null {
  const name =
    sent
      ?.toWellFormed()
      .split(/[/\\]/)
      .at(-1)
      ?.replaceAll(/\p{Cc}/gu, '')
      .trim() ?? ''
  return name === '' ? null : name
}

function extensionOf(filename: string): string {
  return /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ''
}
