import type { Selectable } from 'kysely'
import type { Attachment } from '../port.ts'
import type { AttachmentsTable } from './schema.ts'

/** An attachment as the port shows it. */
export function attachmentOf(row: Selectable<AttachmentsTable>): Attachment {
  return {
    app: row.app,
    id: row.id,
    serial: row.serial,
    path: row.path,
    conversation: row.conversation_id,
    conversationSerial: row.conversation,
    version: row.version,
    filename: JSON.parse(row.filename),
    contentType: row.content_type,
    size: row.size,
    sha256: row.sha256,
    access: row.access,
    blob: row.blob,
    from: row.sender,
    fromSerial: row.sender_serial,
    recipients: row.recipients === null ? null : JSON.parse(row.recipients),
    held: row.held === 1,
    forMessage: row.for_message === 1,
    createdAt: row.created_at,
  }
}
