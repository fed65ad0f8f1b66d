import type { Page, Paging } from './port-basics.ts'

/** One receiver of an attachment. */
export type Receiver = { readonly id: string; readonly serial: number }

/** An attachment: one file at one path. */
export type Attachment = {
  readonly app: string
  readonly id: string
  readonly serial: number
  /** Canonical text of its resource; unique. */
  readonly path: string
  readonly conversation: string | null
  readonly conversationSerial: number | null
  /** The conversation's version when it was shared: its members are the receivers. 0 outside conversations. */
  readonly version: number
  /** The name it was uploaded with, unchanged but for control characters. */
  readonly filename: string
  readonly contentType: string
  readonly size: number
  /** Hex. */
  readonly sha256: string
  readonly access: 'private' | 'public'
  /** The blob that holds the bytes; several attachments may share one. */
  readonly blob: string
  readonly from: string | null
  /** The serial of the user who sent it; null where `from` was no user then. */
  readonly fromSerial: number | null
  /** Receivers named at upload; null means the members at that version, and the sender. */
  readonly recipients: readonly string[] | null
  /** Whether it waits to be sent: until the change `shared`, only its sender receives it. */
  readonly held: boolean
  /** Whether it was shared for a message alone, so that it goes with that message. */
  readonly forMessage: boolean
  readonly createdAt: number
}

/** Whether members who joined after something was shared reach it, too. */
export type Reach = { readonly later?: boolean | undefined }

/** Attachments. Deleting one, sharing one that is held, and changing its access are changes. */
export interface Attachments {
  /**
   * Commits an uploaded blob as an attachment. `version` is read inside the same transaction from the conversation.
   * Recipients who are no users yet are created. MUST be called only after the blob is durable.
   * Raises {@link Conflict} (`attachment`) where its id in the app or its path is taken, {@link Missing} without its app or conversation.
   * Raises {@link Conflict} (`quota`) where `quota` bytes or attachments would be passed; nothing is written then.
   */
  create(
    attachment: Omit<
      Attachment,
      'serial' | 'version' | 'conversationSerial' | 'fromSerial' | 'held' | 'forMessage' | 'createdAt'
    > & {
      at: number
      /** Default false. MUST NOT come with recipients. */
      held?: boolean
      /** Default false. Nothing follows from it here: whoever deletes messages looks at it. */
      forMessage?: boolean
      quota?: { readonly bytes: number | null; readonly attachments: number | null }
    },
  ): Promise<Attachment>
  find(app: string, id: string): Promise<Attachment | null>
  /** Those that are there, each once, in the order asked for. */
  findMany(app: string, ids: readonly string[]): Promise<readonly Attachment[]>
  findByPath(path: string): Promise<Attachment | null>
  /** Newest first; of one conversation (not those merged into it), or of the whole app. */
  list(
    app: string,
    paging: Paging & { conversation?: string; access?: 'private' | 'public'; createdBefore?: number },
  ): Promise<Page<Attachment>>
  /**
   * The receivers by user id, ascending: the sender and the members at its version, or those named; users who are deleted are left out.
   * With `later`, members who joined after that are receivers, too, unless receivers were named.
   */
  receivers(attachment: Attachment, paging: Paging & Reach): Promise<Page<Receiver>>
  /** One receiver, or null for somebody who is none. */
  receiver(attachment: Attachment, user: string, reach?: Reach): Promise<Receiver | null>
  /** Of the given attachments those that the user receives, with the user: for message lists, in one question. */
  receivedBy(
    app: string,
    user: string,
    attachments: readonly Attachment[],
    reach?: Reach,
  ): Promise<{ readonly receiver: Receiver | null; readonly ids: ReadonlySet<string> }>
  /** Attachments that were held before this moment and still are, oldest first. */
  held(before: number, limit: number): Promise<readonly Attachment[]>
  /** Whether any attachment holds this blob; for the sweep. */
  references(blob: string): Promise<boolean>
  /** Every blob that rows refer to, with size and hash, ascending by blob; for `gatehouse check`. */
  blobs(paging: Paging): Promise<Page<{ readonly blob: string; readonly size: number; readonly sha256: string }>>
}
