import type { Found, Head, PresignedText } from '../../gate/credential.ts'
import type { Dialect } from '../../gate/dialect.ts'
import { spell } from './addresses.ts'

/** How a file access token, a recipient link or a service token stands in a URL: the name is the client package's. */
const TOKEN = 'fat'
/** The parts of a pre-signed URL, each once. */
const PRESIGNED = { expires: 'Expires', signature: 'Signature', keyId: 'Key-Pair-Id', subject: 'Subject' } as const
/** Whether the client wants to be sent on (1) or to be told (0). */
const REDIRECT = 'redirect'

const LONGEST = 8192

/**
 * How clients and servers of this vendor show what they hold at media paths (contract, section 3.1): `fat` in the query or as a
 * header, `apiKey` as a header, the four parts of a pre-signed URL. Names in the query are case-sensitive, as the vendor's.
 */
export const dialect: Dialect = {
  headers: ['fat', 'appid', 'apikey', 'onbehalfof'],

  find(head, query, app) {
    const { headers } = head
    const inQuery = SPEAKS.test(query)
    if (!inQuery && headers.fat === undefined && headers.apikey === undefined) return null
    const found: Found[] = []
    if (inQuery) {
      for (const text of valuesOf(query, TOKEN)) found.push(macOf(text))
      const presigned = presignedIn(query)
      if (presigned !== null) found.push(presigned)
    }
    for (const text of sent(head, 'fat')) found.push(macOf(text))
    // A server that names another app than the one it asks means something else than it says.
    const meant = headers.appid === undefined || headers.appid === app
    for (const text of sent(head, 'apikey')) {
      found.push(text === '' || !meant ? MALFORMED : { outcome: 'found', candidates: [{ form: 'secret', text }] })
    }
    const [only = null, ...others] = found
    return others.length === 0 ? only : { outcome: 'conflict' }
  },

  exchange(head, query, kind) {
    switch (kind) {
      case 'pass':
        return wishIn(query) === '0' ? 'document' : 'redirect'
      case 'link':
        return wishIn(query) === '0' ? 'document' : null
      case 'key':
        if (head.headers.apikey === undefined) return null
        return wishIn(query) === '1' ? 'redirect' : 'document'
      default:
        return null
    }
  },

  onBehalfOf({ headers }) {
    const uid = headers.onbehalfof
    if (headers.apikey === undefined || typeof uid !== 'string' || uid === '') return null
    // Uids made on this surface are lower-case, and so are found in any.
    return [...new Set([uid, uid.toLowerCase()])]
  },

  url(base, path, proof) {
    const clean = base + spell(path)
    return typeof proof === 'string' ? withToken(clean, proof) : `${clean}?${presignedQuery(proof)}`
  },

  document: (url) => JSON.stringify({ data: { url } }),
}

/** A clean URL of a private attachment with a recipient link's token, as messages carry it. */
export function withToken(clean: string, token: string): string {
  return `${clean}?${TOKEN}=${token}`
}

const MALFORMED: Found = { outcome: 'malformed' }
const SPEAKS = /(?:^|&)(?:fat|Expires|Signature|Key-Pair-Id|Subject)(?:=|&|$)/

/** Nothing is decoded: what stands here has no character that would need an escape. */
function macOf(text: string): Found {
  if (text === '' || text.length > LONGEST) return MALFORMED
  return { outcome: 'found', candidates: [{ form: 'mac', text }] }
}

function presignedIn(query: string): Found | null {
  const given = Object.values(PRESIGNED).map((name) => valuesOf(query, name))
  if (given.every((values) => values.length === 0)) return null
  const [expires, signature, keyId, subject] = given.map((values) => (values.length === 1 ? values[0] : undefined))
  const app = keyId === undefined ? null : decoded(keyId)
  if (expires === undefined || signature === undefined || subject === undefined || app === null) return MALFORMED
  const parts: PresignedText = { expires, signature, keyId: app, subject }
  return { outcome: 'found', candidates: [{ form: 'presigned', parts }] }
}

function presignedQuery(parts: PresignedText): string {
  return Object.entries(PRESIGNED)
    .map(([name, parameter]) => `${parameter}=${encodeURIComponent(parts[name as keyof PresignedText])}`)
    .join('&')
}

/** Whether to be sent on or to be told: the last word counts. */
function wishIn(query: string): string | undefined {
  return valuesOf(query, REDIRECT).at(-1)
}

/** Every value of a parameter, as it was sent; one without `=` is empty. */
function valuesOf(query: string, name: string): readonly string[] {
  if (!query.includes(name)) return []
  return query.split('&').flatMap((pair) => {
    if (pair === name) return ['']
    return pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []
  })
}

/** Every value of a header: parsed headers hold one only, or several run together. */
function sent({ headers, rawHeaders }: Head, name: string): readonly string[] {
  if (headers[name] === undefined) return []
  const values: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] ?? '')
  }
  return values
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
