import { randomBytes } from 'node:crypto'

const APP = /^[A-Za-z0-9_-]{1,128}$/
const BLOB = /^([A-Za-z0-9_-]{1,128})\/([0-9a-f]{2})[0-9a-f]{30}$/

/**
 * Makes the name of a new blob, `{app}/{32 hex}`, from 128 random bits.
 * Raises TypeError for an app id that is not 1 to 128 of `A-Z a-z 0-9 _ -`: it becomes part of a path.
 */
export function newBlobName(app: string): string {
  if (!APP.test(app)) throw new TypeError('an app id in a blob name is 1 to 128 of A-Z a-z 0-9 _ -')
  return `${app}/${randomBytes(16).toString('hex')}`
}

/** Whether a text has the form of a blob name. A name that has not never reaches a path. */
export function isBlobName(blob: string): boolean {
  return BLOB.test(blob)
}

/**
 * Where a blob lies under the root of all blobs: `{app}/{2 hex}/{32 hex}`, or null where the text is no blob name.
 * The folder between keeps any one folder at a 256th of an app's blobs.
 */
export function blobPath(blob: string): string | null {
  const match = BLOB.exec(blob)
  return match ? `${match[1]}/${match[2]}/${blob.slice(blob.indexOf('/') + 1)}` : null
}
