/**
 * The port of where bytes lie. Every adapter (memory, disk, s3) implements {@link Blobs} and is proven by the one suite in
 * `conformance/blobs.ts`.
 *
 * Blob keys are internal, are made here and never come from a path that a client sent; their form is `{app}/{32 hex}`.
 */
export interface Blobs {
  /**
   * Stores a stream of bytes as a new blob of an app.
   *
   * MUST NOT hold more than a bounded part in memory; MUST be durable when it answers (disk: temporary file on the same file
   * system, hashed while written, fsync, rename, fsync of the folder). MUST leave nothing behind when the source fails, the
   * signal aborts, or `maxBytes` is passed ({@link TooLarge}).
   * Raises {@link DiskFull} or {@link BlobsUnavailable}.
   */
  put(
    app: string,
    source: AsyncIterable<Uint8Array>,
    options: { maxBytes: number; signal?: AbortSignal },
  ): Promise<StoredBlob>
  /**
   * Opens a blob for reading, or answers null where there is none. The handle MUST be closed by whoever opened it.
   * Raises {@link BlobsUnavailable} where the store does not answer.
   */
  open(blob: string): Promise<BlobHandle | null>
  /** Size and time of last change, or null. */
  stat(blob: string): Promise<{ readonly size: number; readonly modifiedAt: number } | null>
  /** Removes a blob at once. Removing one that is not there is no error. */
  delete(blob: string): Promise<void>
  /** Every blob, in no particular order, in pieces. */
  list(): AsyncIterable<readonly { readonly blob: string; readonly size: number; readonly modifiedAt: number }[]>
  /**
   * Removes what interrupted uploads left behind (temporary files, incomplete multipart uploads), never what an upload in
   * progress is using. Answers how many were removed.
   */
  sweep(olderThan: number): Promise<number>
  /** Bytes that may still be stored, or null where that is not known. */
  free(): Promise<number | null>
  /** Where a front server finds the bytes under the blobs' root (for `X-Accel-Redirect`), or null where it cannot. */
  location(blob: string): string | null
  /** Answers once the store has answered a trivial question. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** What {@link Blobs.put} answers; `sha256` is hex. */
export type StoredBlob = { readonly blob: string; readonly size: number; readonly sha256: string }

/** An open blob. */
export interface BlobHandle {
  readonly size: number
  /**
   * The bytes from `start` to before `end`. A chunk is valid only until the next one is asked for: adapters read into pooled
   * buffers, one ahead. Ending the iteration early MUST free everything. An error means that bytes are missing.
   */
  read(start: number, end: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** The upload is larger than allowed. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** There is no room for the bytes. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull'
}

/** The store does not answer. */
export class BlobsUnavailable extends Error {
  override readonly name = 'BlobsUnavailable'
}
