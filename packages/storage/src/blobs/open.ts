import { openDiskBlobs } from './disk.ts'
import type { Blobs } from './port.ts'
import { parseS3Url } from './s3-url.ts'

/**
 * Opens the blobs at a place: `s3://…` (see `parseS3Url`), or a data folder as `{ folder }` (see `openDiskBlobs`).
 * Raises TypeError for a text that is neither, and what the adapters raise.
 */
export async function openBlobs(
  location: string | { readonly folder: string; readonly heldBackBytes?: number },
): Promise<Blobs> {
  if (typeof location !== 'string') return openDiskBlobs(location)
  const place = parseS3Url(location)
  // Loaded only where it is used: the S3 client costs memory and a moment of the start.
  const { openS3Blobs } = await import('./s3.ts')
  return openS3Blobs(place)
}
