/** Types that a browser may show in place: none of them can run script. Everything else is a download. */
const INLINE = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'image/bmp',
  'image/apng',
  'image/heic',
  'image/heif',
  'image/jxl',
  'audio/mpeg',
  'audio/mp4',
  'audio/aac',
  'audio/ogg',
  'audio/opus',
  'audio/wav',
  'audio/webm',
  'audio/flac',
  'audio/x-m4a',
  'video/mp4',
  'video/webm',
  'video/ogg',
  'video/quicktime',
  'video/x-m4v',
  'video/3gpp',
])

/** Whether a type is shown in place. PDF only where the app says so, since its viewers have run script. */
export function isInline(contentType: string, inlinePdf: boolean): boolean {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return INLINE.has(type) || (inlinePdf && type === 'application/pdf')
}
