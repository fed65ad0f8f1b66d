/** What the bytes of a file show of themselves. */
export type Detected = {
  /** The usual extension of the format, lower-case; null where it is none that can be recognised. */
  readonly extension: string | null
  /** Whether they are valid UTF-8 without NUL. */
  readonly text: boolean
}

/** What is wrong with a file: its extension, bytes that show no format, or the format that they show. */
export type FileFault = 'extension_not_allowed' | 'type_unrecognised' | 'type_not_allowed'

/** Formats without a mark of their own: for these, text is enough. */
const TEXTS: ReadonlySet<string> = new Set('csv eml ics json log md svg txt vcf vtt xml yaml yml'.split(' '))

/** Containers in which other formats are packed: they count as what the extension says. */
const CONTAINERS: ReadonlySet<string> = new Set(['zip', 'cfb'])
const PACKED: ReadonlySet<string> = new Set(
  'doc docx dot dotx epub key msg neon numbers odp ods odt pages pot potx pps ppsx ppt pptx xls xlsx'.split(' '),
)

/** Extensions of one format. */
const SAME: readonly (readonly string[])[] = [
  ['jpg', 'jpeg', 'jfif', 'jpe'],
  ['tif', 'tiff'],
  ['heic', 'heif'],
  ['mp4', 'mp4a', 'm4a', 'm4v', 'mov', '3gp', '3g2'],
  ['mpg', 'mpeg', 'mpga', 'mp1', 'mp2', 'mp3'],
  ['ogg', 'oga', 'ogv', 'opus', 'ogx'],
  ['webm', 'mkv'],
  ['wmv', 'asf', 'wma'],
  ['yaml', 'yml'],
]

/**
 * What is wrong with a file under a list of allowed extensions (lower-case, without dots); null where nothing is. The extension of its name has to
 * be listed, and what its bytes show, too; bytes that show nothing have to be text under the name of one.
 */
export function fileFault(filename: string, detected: Detected, allowed: readonly string[]): FileFault | null {
  const extension = /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ''
  if (!allowed.includes(extension)) return 'extension_not_allowed'
  const { extension: shown, text } = detected
  if (TEXTS.has(extension) && (shown === null || shown === 'xml')) return text ? null : 'type_unrecognised'
  if (shown === null) return 'type_unrecognised'
  if (CONTAINERS.has(shown) && PACKED.has(extension)) return null
  const names = SAME.find((same) => same.includes(shown)) ?? [shown]
  return names.some((name) => allowed.includes(name)) ? null : 'type_not_allowed'
}
