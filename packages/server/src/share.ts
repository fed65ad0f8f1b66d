import { resourceOf } from '@gatehouse/core/resource'
import { safeSegment } from '@gatehouse/core/segment'
import type { Attachment } from '@gatehouse/storage/records/port'
import type { FastifyRequest } from 'fastify'
import { type FileFault, fileFault } from './file-validation.ts'
import type { Parts, Tenant } from './parts.ts'
import { problem } from './problems.ts'
import { newAttachmentKey, newId } from './secrets.ts'
import { receiveUpload, type Upload } from './upload.ts'

/**
 * The most bytes that one more file of an app may have: `maxUploadBytes`, or what is left of its quota, which `byQuota` tells.
 * Raises `quota_exceeded` where no further file may come.
 */
export async function roomFor(
  { records }: Pick<Parts, 'records'>,
  { app, settings }: Tenant,
): Promise<{ readonly maxBytes: number; readonly byQuota: boolean }> {
  const { maxUploadBytes, quotaBytes, quotaAttachments } = settings
  const limited = quotaBytes !== null || quotaAttachments !== null
  const used = limited ? await records.apps.usage(app.id) : { bytes: 0, attachments: 0 }
  if (quotaAttachments !== null && used.attachments >= quotaAttachments) throw problem('quota_exceeded')
  const left = quotaBytes === null ? maxUploadBytes : Math.max(0, quotaBytes - used.bytes)
  return { maxBytes: Math.min(maxUploadBytes, left), byQuota: left < maxUploadBytes }
}

/**
 * Receives an upload for an app within its limits ({@link roomFor}).
 * Whoever gets the upload owns its blob: {@link share} it or delete it.
 */
export async function receiveFor(parts: Parts, tenant: Tenant, request: FastifyRequest): Promise<Upload> {
  const { maxBytes, byQuota } = await roomFor(parts, tenant)
  return withinQuota(byQuota, () => receiveUpload(request, parts.blobs, { app: tenant.app.id, maxBytes }))
}

/** Receives a file; where it is too large and `byQuota` is what it is too large for, raises `quota_exceeded`. */
export async function withinQuota<T>(byQuota: boolean, receive: () => Promise<T>): Promise<T> {
  try {
    return await receive()
  } catch (error) {
    throw byQuota && isTooLarge(error) ? problem('quota_exceeded') : error
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TooLarge' || ('code' in error && error.code === 'file_too_large'))
}

/** How an attachment is shared where it differs from what is usual. */
export type Sharing = {
  /** The last segment of its path; the name that it was uploaded with where this is left out. MUST be a segment. */
  readonly pathName?: string
  /** Whether it waits to be sent: until then only its sender receives it. */
  readonly held?: boolean
  /** Whether it goes with the message that it is for. */
  readonly forMessage?: boolean
  /** The place that was reserved for it. Raises `Conflict` (`attachment`) where something lies there. */
  readonly reserved?: Reserved
}

/** A place for an attachment that is still to come. Nothing is written for it. */
export type Reserved = { readonly id: string; readonly path: string }

/** Reserves a new place in a conversation. */
export function reserve(app: string, conversation: string, pathName: string): Reserved {
  return { id: newId(), path: pathIn(app, conversation, pathName) }
}

/**
 * Makes an upload an attachment, in a conversation (which MUST exist) or outside of any. Deletes the blob where that
 * fails. Without a word about access it is private where the app's settings say so. Raises `file_type_not_allowed`.
 */
export async function share(
  parts: Parts,
  tenant: Tenant,
  upload: Upload,
  conversation: string | null,
  { pathName = safeSegment(upload.filename), held = false, forMessage = false, reserved }: Sharing = {},
): Promise<Attachment> {
  const { stored, filename, contentType, from, recipients } = upload
  const access = upload.access ?? usualAccess(tenant)
  try {
    requireAllowed(tenant, upload)
    return await commit(parts, tenant, {
      ...{ conversation, filename, contentType, ...stored, access, from, recipients, held, forMessage },
      ...(reserved ?? { id: newId(), path: pathIn(tenant.app.id, conversation, pathName) }),
    })
  } catch (error) {
    await parts.blobs.delete(stored.blob)
    throw error
  }
}

/**
 * Shares the bytes of an attachment once more, at a path of their own: its receivers have nothing to do with those of the first. What was
 * private stays so. Whether `from` may pass it on is for the caller to know. Null where the source is gone by then.
 */
export async function shareAgain(
  parts: Parts,
  tenant: Tenant,
  source: Attachment,
  to: {
    readonly conversation: string
    readonly from: string | null
    readonly filename?: string
    readonly pathName?: string
    /** What it becomes where the source is public; as the app's settings say where absent. */
    readonly access?: 'private' | 'public'
  },
): Promise<Attachment | null> {
  const { contentType, size, sha256, blob } = source
  const { conversation, from, filename = source.filename } = to
  const access = source.access === 'private' ? 'private' : (to.access ?? usualAccess(tenant))
  const shared = await commit(parts, tenant, {
    ...{ conversation, filename, contentType, size, sha256, blob, access, from, recipients: null, held: false },
    ...{ id: newId(), path: pathIn(tenant.app.id, conversation, to.pathName ?? safeSegment(filename)) },
  })
  // Whoever deletes the source looks for others that hold its bytes after its row is gone: a row that is still there was seen by them.
  if ((await parts.records.attachments.find(source.app, source.id)) !== null) return shared
  await unshare(parts, shared, 'operator')
  return null
}

const FAULTS: Readonly<Record<FileFault, string>> = {
  extension_not_allowed: 'The app does not allow files with this extension.',
  type_unrecognised: 'The bytes are of no format that can be recognised.',
  type_not_allowed: 'The bytes are of a format that the app does not allow, whatever the name says.',
}

function requireAllowed({ settings }: Tenant, { filename, detected }: Upload): void {
  if (settings.allowedExtensions === null) return
  const fault = fileFault(filename, detected, settings.allowedExtensions)
  if (fault !== null) throw problem('file_type_not_allowed', FAULTS[fault])
}

/** The access of what is shared without a word about it. */
function usualAccess({ settings }: Tenant): 'private' | 'public' {
  return settings.tokenizedMedia || settings.attachmentsAccess === 'private' ? 'private' : 'public'
}

/** A new path for a file of this name. */
function pathIn(app: string, conversation: string | null, name: string): string {
  const place = conversation === null ? ['apps', app] : ['apps', app, 'conversations', conversation]
  return resourceOf(...place, newAttachmentKey(), name).path
}

function commit(
  { records, now }: Parts,
  { app, settings }: Tenant,
  attachment: Omit<Parameters<Parts['records']['attachments']['create']>[0], 'app' | 'at' | 'quota'>,
): Promise<Attachment> {
  const quota = { bytes: settings.quotaBytes, attachments: settings.quotaAttachments }
  return records.attachments.create({ app: app.id, ...attachment, quota, at: now() })
}

/** Deletes an attachment: at once for everybody, then its bytes, unless another attachment holds them too. */
export async function unshare(
  parts: Pick<Parts, 'records' | 'blobs' | 'standings' | 'log'>,
  attachment: Attachment,
  by: string,
): Promise<void> {
  const { app, id, blob } = attachment
  await parts.standings.change({ kind: 'attachment', app, attachment: id, to: 'deleted' }, by)
  await discard(parts, blob)
}

/** Deletes bytes that no attachment holds any more; keeps them where one does. Never fails: the sweep removes what is left. */
export async function discard({ records, blobs, log }: Pick<Parts, 'records' | 'blobs' | 'log'>, blob: string) {
  try {
    if (!(await records.attachments.references(blob))) await blobs.delete(blob)
  } catch (error) {
    // Nobody can reach the bytes any more.
    log.warn({ err: error, blob }, 'the bytes of a deleted attachment are still there')
  }
}
