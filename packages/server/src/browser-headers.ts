/**
 * What every answer that is no media tells a browser: it loads and runs nothing, stands in no frame, is taken for nothing but its
 * type, and sends no address on. Pages of our own say more precisely what they load (Content Security Policy Level 3).
 */
export const BROWSER_HEADERS = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
} as const

/** The same as `writeHead` takes them: names and values by turns. */
export const FLAT_BROWSER_HEADERS: readonly string[] = Object.entries(BROWSER_HEADERS).flat()
