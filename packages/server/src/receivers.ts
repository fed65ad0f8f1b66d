import type { Attachment, Records } from '@gatehouse/storage/records/port'

/**
 * Whether a user, named by serial number, receives an attachment; with `later`, members who joined after it was shared do, too. The
 * serial is compared, so that nobody inherits what was for an earlier user of the same id; one who was merged into another is that one.
 */
export type Receives = (attachment: Attachment, userSerial: number, later: boolean) => Promise<boolean>

/** Creates the question, answered by the records. */
export function createReceives({ users, attachments }: Pick<Records, 'users' | 'attachments'>): Receives {
  return async (attachment, userSerial, later) => {
    const user = await users.survivorOf(userSerial)
    if (user === null || user.app !== attachment.app) return false
    const receiver = await attachments.receiver(attachment, user.id, { later })
    return receiver?.serial === user.serial
  }
}
