import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of this package's own vectors. */
export function ownVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')) as T
}

/**
 * A file of published vectors, which lie beside the repository, or in the folder that GATEHOUSE_VECTORS names.
 * Throws where it is missing: a test without its vectors fails.
 */
export function publishedVectors<T>(name: string): T {
  const folder = process.env.GATEHOUSE_VECTORS ?? new URL('../../../../shared/vectors', import.meta.url).pathname
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T
}
