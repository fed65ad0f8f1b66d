import type { Selectable } from 'kysely'
import type { Message } from '../port.ts'
import type { MessagesTable } from './schema-talk.ts'

/** The serial number behind a message's id; 0, which none has, where the text is no such id. */
export function messageSerial(id: string): number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : 0
}

/** A message as the port shows it. */
export function messageOf(row: Selectable<MessagesTable>): Message {
  return {
    app: row.app,
    id: String(row.serial),
    conversation: row.conversation_id,
    from: row.sender,
    type: row.type,
    category: row.category,
    text: JSON.parse(row.text),
    data: row.data === '{}' ? {} : JSON.parse(row.data),
    tags: listOf(row.tags),
    attachments: listOf(row.attachments),
    parent: row.parent === null ? null : String(row.parent),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    editedAt: row.edited_at,
    editedBy: row.edited_by,
    deletedAt: row.deleted_at,
    deletedBy: row.deleted_by,
  }
}

/** Most lists are empty: pages are read faster where those are not parsed. */
function listOf(json: string): readonly string[] {
  return json === '[]' ? [] : JSON.parse(json)
}
