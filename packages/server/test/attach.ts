import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Attachment } from '@gatehouse/storage/records/port'
import type { Parts } from '../src/parts.ts'

/** Shares a small file in a conversation, with real bytes; `with_` says what differs from the usual. */
export async function attachFile(
  { records, blobs }: Parts,
  app: string,
  conversation: string,
  with_: Partial<Parameters<Parts['records']['attachments']['create']>[0]> = {},
): Promise<Attachment> {
  const id = randomBytes(12).toString('hex')
  const stored = await blobs.put(app, Readable.from([Buffer.from(id)]), { maxBytes: 1000 })
  return records.attachments.create({
    ...{ app, id, path: `/apps/${app}/conversations/${conversation}/${id}/f.txt`, conversation, ...stored },
    ...{
      filename: 'f.txt',
      contentType: 'text/plain',
      access: 'private',
      from: null,
      recipients: null,
      at: Date.now(),
    },
    ...with_,
  })
}
