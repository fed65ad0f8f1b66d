/**
 * A Content-Disposition that carries any Unicode name and cannot split a header (RFC 6266; RFC 8187 for `filename*`).
 * Clients that do not know `filename*` get the name with everything outside ASCII replaced.
 */
export function disposition(type: 'inline' | 'attachment', filename: string): string {
  const name = filename.toWellFormed()
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  if (ascii === name) return `${type}; filename="${name}"`
  return `${type}; filename="${ascii}"; filename*=UTF-8''${encodeExtended(name)}`
}

/** `attr-char` of RFC 8187, section 3.2.1. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
