/** Where a bucket is and how to speak to it. */
export type S3Location = {
  readonly bucket: string
  /** What comes before the names of blobs in their keys, without slashes around it; empty for none. */
  readonly prefix: string
  /** Null for AWS itself. */
  readonly endpoint: string | null
  /** Null: as the environment says. */
  readonly region: string | null
  /** Null: from the environment, as the SDK finds them. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** The bucket in the path (`https://endpoint/bucket/key`) and not in the host name. */
  readonly forcePathStyle: boolean
  /** `always` sends checksums with every upload, which some stores refuse. */
  readonly checksums: 'when-required' | 'always'
}

const PARAMETERS = ['endpoint', 'region', 'checksums', 'path-style']

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…&checksums=when-required|always&path-style=true|false`.
 *
 * With an endpoint, `path-style` is true and `checksums` is `when-required` unless said otherwise, which every compatible store
 * understands; without one (AWS), false and `always`. Credentials come from the environment; `s3://id:secret@bucket` (each
 * percent-encoded) is understood where that cannot be, but a URL is easily shown to others.
 *
 * Raises TypeError with a sentence for everything that is wrong, never repeating the credentials.
 */
export function parseS3Url(text: string): S3Location {
  const url = URL.parse(text)
  if (url?.protocol !== 's3:') throw new TypeError('this is no URL of the form s3://bucket/prefix?endpoint=…')
  const wrong: string[] = []
  const value = (name: string) => {
    const all = url.searchParams.getAll(name)
    if (all.length > 1) wrong.push(`${name} is given ${all.length} times`)
    return all[0] ?? null
  }
  const choice = <T extends string>(name: string, choices: readonly T[], otherwise: T): T => {
    const given = value(name)
    if (given === null) return otherwise
    const found = choices.find((one) => one === given)
    if (found === undefined) wrong.push(`${name} is one of ${choices.join(', ')}`)
    return found ?? otherwise
  }

  for (const name of new Set(url.searchParams.keys())) {
    if (!PARAMETERS.includes(name)) wrong.push(`${name} is no parameter; known are ${PARAMETERS.join(', ')}`)
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(url.hostname)) {
    wrong.push('the bucket is missing or no bucket name')
  }
  if (url.port !== '') wrong.push('the port belongs into endpoint')
  if (url.hash !== '') wrong.push('there is no use for a fragment (#…)')

  const prefix = decode(url.pathname)?.replace(/^\/+|\/+$/g, '') ?? null
  if (prefix === null || /\/\/|\p{Cc}|(^|\/)\.\.?(\/|$)/u.test(prefix)) {
    wrong.push('the prefix holds an empty or dot segment, a control character or a wrong percent escape')
  }
  const endpoint = value('endpoint')
  if (endpoint !== null && !isEndpoint(endpoint))
    wrong.push('endpoint is an http or https URL without user, query or fragment')
  const region = value('region')
  if (region !== null && !/^[A-Za-z0-9-]{1,64}$/.test(region)) wrong.push('region is no name of a region')

  const accessKeyId = decode(url.username)
  const secretAccessKey = decode(url.password)
  if (accessKeyId === null || secretAccessKey === null || (accessKeyId === '') !== (secretAccessKey === '')) {
    wrong.push('credentials in the URL are id:secret, both percent-encoded')
  }
  const checksums = choice('checksums', ['when-required', 'always'], endpoint === null ? 'always' : 'when-required')
  const pathStyle = choice('path-style', ['true', 'false'], endpoint === null ? 'false' : 'true')

  if (wrong.length > 0) throw new TypeError(wrong.join('; '))
  return {
    bucket: url.hostname,
    prefix: prefix ?? '',
    endpoint,
    region,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null,
    forcePathStyle: pathStyle === 'true',
    checksums,
  }
}

function isEndpoint(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(text)
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
