import { Conflict } from '@gatehouse/storage/records/port'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { linger, partsOf, type StoredPart, storePart } from '../../form-parts.ts'
import type { Parts, Tenant } from '../../parts.ts'
import { problemOf } from '../../problems.ts'
import { share } from '../../share.ts'
import type { UncredentialedCall } from './call.ts'
import { allowOrigin } from './cors.ts'
import { accessOf } from './media-urls.ts'
import { openTicket, type Ticket } from './upload-ticket.ts'
import { UPLOAD_PATH } from './upload-urls.ts'

/** Why an upload was refused, as stores of this kind say it; clients look for `ExpiredToken` alone. */
const REFUSALS = {
  AccessDenied: { status: 403, message: 'The upload ticket is not valid for this file.' },
  ExpiredToken: { status: 403, message: 'The upload ticket has expired; ask for a new one.' },
  MalformedPOSTRequest: { status: 400, message: 'Send the fields of the upload ticket and then one file.' },
  EntityTooLarge: { status: 413, message: 'The file is larger than its upload ticket says.' },
  IncompleteBody: { status: 400, message: 'The file is shorter than its upload ticket says.' },
  InternalError: { status: 503, message: 'The file could not be stored; try again.' },
} as const

type Code = keyof typeof REFUSALS

/** An upload that is refused, on its way to the client. */
class Refused extends Error {
  readonly code: Code
  constructor(code: Code) {
    super(REFUSALS[code].message)
    this.code = code
  }
}

const FIELDS = { files: 2, fields: 50, fieldBytes: 16 * 1024 }
const ANY_TYPE = 'application/octet-stream'

/**
 * Takes files that a ticket allows. The ticket stands before the file; who holds it needs no other credential, and it is good for what it names
 * alone, while its user is active and its session open. What arrives is held for its sender until it is sent.
 */
export function createUploadCalls(parts: Parts): readonly UncredentialedCall[] {
  const { config, vault, tenants, records, blobs, now, log } = parts

  /** The app of a ticket, while it still holds. */
  async function tenantOf(ticket: Ticket): Promise<Tenant> {
    const { app, userSerial, session, key, conversation } = ticket
    if (ticket.expiresAt <= now()) throw new Refused('ExpiredToken')
    const tenant = await tenants.find(app)
    const user = await records.users.survivorOf(userSerial)
    const open = session === null || (await records.logins.find(app, session)) !== null
    const held = key === null || (await isInForce(key))
    if (tenant?.app.status !== 'active' || user?.status !== 'active' || !open || !held)
      throw new Refused('AccessDenied')
    if (!(await records.conversations.isMember(app, conversation, user.id))) throw new Refused('AccessDenied')
    return tenant
  }

  async function isInForce(key: string): Promise<boolean> {
    return key === config.adminKey?.id || (await records.keys.find(key))?.status === 'active'
  }

  async function receive(request: FastifyRequest, admitted: (ticket: Ticket) => Promise<void>): Promise<void> {
    if (!request.isMultipart()) throw new Refused('MalformedPOSTRequest')
    let ticket: Ticket | null = null
    let file: StoredPart | null = null
    try {
      for await (const part of partsOf(request, FIELDS)) {
        if (part.type === 'file') {
          if (ticket === null || file !== null || part.fieldname !== 'file') throw new Refused('MalformedPOSTRequest')
          if (![ticket.type, ANY_TYPE].includes(part.mimetype) && ticket.type !== ANY_TYPE)
            throw new Refused('AccessDenied')
          file = await storePart({ ...part, mimetype: ticket.type }, blobs, ticket.app, ticket.size)
        } else if (part.fieldname === 'ticket') {
          ticket = typeof part.value === 'string' && ticket === null ? openTicket(part.value, vault) : null
          if (ticket === null) throw new Refused('AccessDenied')
          await admitted(ticket)
        }
      }
      if (ticket === null || file === null) throw new Refused('MalformedPOSTRequest')
      if (file.stored.size !== ticket.size) throw new Refused('IncompleteBody')
      const arrived = file
      file = null
      await keep(ticket, await tenantOf(ticket), arrived)
    } finally {
      if (file !== null) await blobs.delete(file.stored.blob)
      linger(request)
    }
  }

  async function keep(ticket: Ticket, tenant: Tenant, file: StoredPart): Promise<void> {
    const { app, id, path, conversation, name, user } = ticket
    const upload = { ...file, filename: name, access: accessOf(tenant), from: user, recipients: null }
    try {
      await share(parts, tenant, upload, conversation, { held: true, reserved: { id, path } })
    } catch (error) {
      // The same file once more, since the answer to the first try was lost.
      const there = error instanceof Conflict ? await records.attachments.find(app, id) : null
      if (there?.sha256 === file.stored.sha256) return
      throw error instanceof Conflict ? new Refused('AccessDenied') : error
    }
  }

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    try {
      await receive(request, async (ticket) => {
        const app = await tenants.find(ticket.app)
        allowOrigin(request, reply, app?.settings.allowedOrigins ?? [])
        await tenantOf(ticket)
      })
      return reply.code(204).send()
    } catch (error) {
      const code = codeOf(error)
      if (code === 'InternalError') log.error({ err: error, requestId: request.id }, 'upload failed')
      const { status, message } = REFUSALS[code]
      return reply
        .code(status)
        .type('application/xml; charset=utf-8')
        .send(
          `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
        )
    }
  }

  return [{ method: 'POST', path: UPLOAD_PATH, why: 'the upload ticket in the form opens it', handle }]
}

function codeOf(error: unknown): Code {
  if (error instanceof Refused) return error.code
  const { code, status } = problemOf(error)
  if (code === 'file_too_large') return 'EntityTooLarge'
  if (code === 'quota_exceeded' || code === 'not_found') return 'AccessDenied'
  return status < 500 ? 'MalformedPOSTRequest' : 'InternalError'
}
