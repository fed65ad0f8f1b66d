import { resourceOf } from '@gatehouse/core/resource'
import { safeSegment } from '@gatehouse/core/segment'
import type { Attachment } from '@gatehouse/storage/records/port'
import type { FastifyRequest } from 'fastify'
import type { Parts, Tenant } from './parts.ts'
import { problem } from './problems.ts'
import { newAttachmentKey, newId } from './secrets.ts'
import { receiveUpload, type Upload } from './upload.ts'

/**
 * Receives an upload for an app within its limits: `maxUploadBytes` and what is left of its quota.
 * Whoever gets the upload owns its blob: {@link share} it or delete it.
 */
export async function receiveFor(parts: Parts, { app, settings }: Tenant, request: FastifyRequest): Promise<Upload> {
  const { maxUploadBytes, quotaBytes, quotaAttachments } = settings
  const limited = quotaBytes !== null || quotaAttachments !== null
  const used = limited ? await parts.records.apps.usage(app.id) : { bytes: 0, attachments: 0 }
  if (quotaAttachments !== null && used.attachments >= quotaAttachments) throw problem('quota_exceeded')
  const left = quotaBytes === null ? maxUploadBytes : Math.max(0, quotaBytes - used.bytes)
  try {
    return await receiveUpload(request, parts.blobs, { app: app.id, maxBytes: Math.min(maxUploadBytes, left) })
  } catch (error) {
    throw left < maxUploadBytes && isTooLarge(error) ? problem('quota_exceeded') : error
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TooLarge' || ('code' in error && error.code === 'file_too_large'))
}

/**
 * Makes an upload an attachment, in a conversation (which MUST exist) or outside of any. Deletes the blob where that
 * fails. Without a word about access it is private where the app's settings say so.
 */
export async function share(
  parts: Parts,
  { app, settings }: Tenant,
  upload: Upload,
  conversation: string | null,
): Promise<Attachment> {
  const place = conversation === null ? ['apps', app.id] : ['apps', app.id, 'conversations', conversation]
  const { stored, filename, contentType, from, recipients } = upload
  const closed = settings.tokenizedMedia || settings.attachmentsAccess === 'private'
  try {
    return await parts.records.attachments.create({
      app: app.id,
      id: newId(),
      path: resourceOf(...place, newAttachmentKey(), safeSegment(filename)).path,
      conversation,
      filename,
      contentType,
      ...stored,
      access: upload.access ?? (closed ? 'private' : 'public'),
      from,
      recipients,
      quota: { bytes: settings.quotaBytes, attachments: settings.quotaAttachments },
      at: parts.now(),
    })
  } catch (error) {
    await parts.blobs.delete(stored.blob)
    throw error
  }
}

/** Deletes an attachment: at once for everybody, then its bytes, unless another attachment holds them too. */
export async function unshare(parts: Parts, attachment: Attachment, by: string): Promise<void> {
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
