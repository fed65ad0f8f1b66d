import { createHash } from 'node:crypto'
import type { Blobs } from './blobs/port.ts'
import type { Records } from './records/port.ts'

/** What is wrong between records and blobs. */
export type StorageProblem =
  /** A record names a blob that is not there: data is lost. */
  | { readonly kind: 'missing'; readonly blob: string }
  /** The blob has not as many bytes as its record says. */
  | { readonly kind: 'size'; readonly blob: string; readonly recorded: number; readonly found: number }
  /** The blob's bytes are not those of its record. Deep audits only. */
  | { readonly kind: 'hash'; readonly blob: string; readonly recorded: string; readonly found: string }
  /** The blob cannot be read to its end. Deep audits only. */
  | { readonly kind: 'unreadable'; readonly blob: string; readonly fault: string }
  /** No record names the blob, and it is older than the grace time: room is wasted, nothing is lost. */
  | { readonly kind: 'unreferenced'; readonly blob: string; readonly size: number; readonly modifiedAt: number }

/** How far an audit has come. */
export type AuditProgress = { readonly recorded: number; readonly stored: number; readonly bytes: number }

/** The result of an audit. */
export type StorageAudit = AuditProgress & {
  /** True where every recorded blob is as recorded; blobs that no record names do not count against it. */
  readonly sound: boolean
  /** How many problems of each kind there are. */
  readonly counts: { readonly [Kind in StorageProblem['kind']]: number }
  /** The first 1000 problems. */
  readonly problems: readonly StorageProblem[]
}

/** Long enough for an upload that is stored to be committed; the default of {@link auditStorage}. */
const GRACE_MS = 60 * 60 * 1000
const PAGE = 500
const AT_ONCE = 16
const MOST_PROBLEMS = 1000

/**
 * Proves that every blob named by a record is there with its size, and with `deep` with its hash, and reports blobs that no
 * record names and that are older than `graceMs` (default one hour). Changes nothing, and may run beside a server at work: what is
 * deleted meanwhile is no problem. `onProgress` is told after every page.
 *
 * Raises what the ports raise where the database or the store does not answer, so that an outage is never taken for a loss.
 */
export async function auditStorage(parts: {
  readonly records: Pick<Records, 'attachments'>
  readonly blobs: Blobs
  readonly deep?: boolean
  readonly graceMs?: number
  readonly now?: number
  readonly onProgress?: (progress: AuditProgress) => void
}): Promise<StorageAudit> {
  const { records, blobs, deep = false, graceMs = GRACE_MS, now = Date.now(), onProgress } = parts
  const counts = { missing: 0, size: 0, hash: 0, unreadable: 0, unreferenced: 0 }
  const problems: StorageProblem[] = []
  const progress = { recorded: 0, stored: 0, bytes: 0 }

  const note = (problem: StorageProblem | null) => {
    if (!problem) return
    counts[problem.kind]++
    if (problems.length < MOST_PROBLEMS) problems.push(problem)
  }

  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof records.attachments.blobs>> = await records.attachments.blobs({
      after,
      limit: PAGE,
    })
    await eachOf(page.items, deep ? 1 : AT_ONCE, async (recorded) => {
      const problem = await compare(blobs, recorded, deep)
      // The attachment may have been deleted since the page was read.
      if (problem === null || (await records.attachments.references(recorded.blob))) note(problem)
      progress.recorded++
      progress.bytes += recorded.size
    })
    onProgress?.({ ...progress })
    after = page.next
    if (after === null) break
  }

  for await (const piece of blobs.list()) {
    await eachOf(piece, AT_ONCE, async (stored) => {
      progress.stored++
      if (stored.modifiedAt < now - graceMs && !(await records.attachments.references(stored.blob))) {
        note({ kind: 'unreferenced', ...stored })
      }
    })
    onProgress?.({ ...progress })
  }

  const sound = counts.missing + counts.size + counts.hash + counts.unreadable === 0
  return { ...progress, sound, counts, problems }
}

/**
 * Removes what interrupted uploads left behind, whatever its age, and blobs that no record names and that are older than `graceMs`.
 * The grace time MUST be longer than a stored blob may wait for its record. Answers how many of each went.
 *
 * A blob lives by being named in `attachments`: what is stored for anything else MUST be named there, too, or it goes.
 * Raises what the ports raise; what was removed by then stays removed, and running it again does the rest.
 */
export async function sweepStorage(parts: {
  readonly records: Pick<Records, 'attachments'>
  readonly blobs: Blobs
  readonly graceMs: number
  readonly now: number
}): Promise<{ readonly interrupted: number; readonly unreferenced: number }> {
  const { records, blobs, graceMs, now } = parts
  const interrupted = await blobs.sweep(now)
  let unreferenced = 0
  for await (const piece of blobs.list()) {
    await eachOf(piece, AT_ONCE, async ({ blob, modifiedAt }) => {
      if (modifiedAt >= now - graceMs || (await records.attachments.references(blob))) return
      await blobs.delete(blob)
      unreferenced++
    })
  }
  return { interrupted, unreferenced }
}

async function compare(
  blobs: Blobs,
  { blob, size, sha256 }: { readonly blob: string; readonly size: number; readonly sha256: string },
  deep: boolean,
): Promise<StorageProblem | null> {
  const found = await blobs.stat(blob)
  if (!found) return { kind: 'missing', blob }
  if (found.size !== size) return { kind: 'size', blob, recorded: size, found: found.size }
  if (!deep) return null
  const hash = createHash('sha256')
  try {
    const handle = await blobs.open(blob)
    if (!handle) return { kind: 'missing', blob }
    try {
      for await (const chunk of handle.read(0, handle.size)) hash.update(chunk)
    } finally {
      await handle.close()
    }
  } catch (error) {
    await blobs.ping() // raises where the whole store is away
    return { kind: 'unreadable', blob, fault: error instanceof Error ? error.message : String(error) }
  }
  const digest = hash.digest('hex')
  return digest === sha256 ? null : { kind: 'hash', blob, recorded: sha256, found: digest }
}

/** Does something for each item, so many at once. The first failure ends it. */
async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
}
