import { Readable } from 'node:stream'
import type { Attachment } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { type Answer, type Call, endpoint } from '../endpoint.ts'
import { refusal } from '../gate/refuse.ts'
import { createPager } from '../paging.ts'
import type { Parts, Revocation } from '../parts.ts'
import { AttachmentView, showAttachment } from '../presenters.ts'
import { problem, problemBody, problemOf } from '../problems.ts'
import { Exactly, Id, List, PageQuery, RevocationAnswer, TimeIn } from '../schemas.ts'
import { receiveFor, share, unshare } from '../share.ts'

const Form = Type.Object(
  {
    file: Type.String({ contentMediaType: 'application/octet-stream', format: 'binary' }),
    access: Type.Optional(Type.Union([Type.Literal('private'), Type.Literal('public')])),
    from: Type.Optional(Type.String({ description: 'The id of the user who shares it.' })),
    recipients: Type.Optional(
      Type.Array(Type.String(), { description: 'Ids of the receivers; without any, the members at this moment.' }),
    ),
  },
  { additionalProperties: false },
)

const Progress = Type.Object(
  {
    changed: Type.Integer({ description: 'Attachments changed so far.' }),
    remaining: Type.Boolean({ description: 'Whether there are more: call again, or ask for progress line by line.' }),
    revocation: Type.Optional(RevocationAnswer),
  },
  { examples: [{ changed: 1200, remaining: false }] },
)

/** How many attachments one change protects, and how many changes one answer waits for. */
const AT_ONCE = 500
const CHANGES_PER_ANSWER = 200

type Protecting = { changed: number; remaining: boolean; revocation?: Revocation }

/** Attachments: one file at one path each. */
export function createAttachments(parts: Parts) {
  const { records, standings, tenants, links, vault } = parts
  const pager = createPager(vault)
  const params = { app: Id, id: Id }

  async function find(app: string, id: string): Promise<Attachment> {
    const attachment = await records.attachments.find(app, id)
    if (attachment === null) throw problem('not_found')
    return attachment
  }

  async function linksOf(app: string) {
    const maker = await links.of(app)
    if (maker === null) throw problem('not_found')
    return maker
  }

  async function upload(
    { params: { app }, request, caller, once }: Call<{ app: string }, unknown, unknown>,
    conversation: string | null,
  ): Promise<Answer<{ 201: typeof AttachmentView }>> {
    const tenant = await tenants.find(app)
    if (tenant === null) throw problem('not_found')
    if (conversation !== null) {
      const found = await records.conversations.find(app, conversation)
      if (found === null) throw problem('not_found', 'There is no such conversation.')
      if (found.mergedInto !== null) {
        throw problem('conflict', 'This conversation was merged into another one; use that one.')
      }
    }
    const received = await receiveFor(parts, tenant, request)
    const { stored, ...said } = received
    let shared = false
    try {
      const refused = await caller.stillAllowed()
      if (refused !== null) return { raw: refusal(refused, request.id) }
      const answer = await once(JSON.stringify([stored.sha256, said]), async () => {
        shared = true
        const attachment = await share(parts, tenant, received, conversation)
        const body = showAttachment(attachment, await linksOf(app))
        return { status: 201, body, location: `/v1/apps/${app}/attachments/${attachment.id}` }
      })
      return answer as Answer<{ 201: typeof AttachmentView }>
    } finally {
      if (!shared) await parts.blobs.delete(stored.blob)
    }
  }

  /** Protects or unprotects piece by piece, and tells after each piece how far it is. */
  async function* protect(app: string, to: 'private' | 'public', before: number | null, by: string) {
    const progress: Protecting = { changed: 0, remaining: true }
    while (progress.remaining) {
      const done = await standings.change({ kind: 'protect', app, to, before, limit: AT_ONCE }, by)
      progress.changed += done?.logged.paths.length ?? 0
      progress.remaining = done !== null && done.logged.paths.length === AT_ONCE
      if (done !== null) progress.revocation = done.revocation
      yield { ...progress }
    }
  }

  function protecting(summary: string, to: 'private' | 'public') {
    return endpoint({
      summary,
      description: 'With `Accept: application/x-ndjson`, one line after each piece; the last says `remaining: false`.',
      params: { app: Id },
      body: Exactly({ before: Type.Optional(TimeIn) }),
      bodyOptional: true,
      answers: { 200: Progress },
      handle: async ({ params: { app }, body, caller: { by }, request }) => {
        const before = body.before === undefined ? null : Date.parse(body.before)
        const pieces = protect(app, to, before, by)
        if (request.headers.accept?.includes('application/x-ndjson')) {
          return { status: 200, type: 'application/x-ndjson', text: Readable.from(lines(pieces, request.id)) }
        }
        let last: Protecting = { changed: 0, remaining: false }
        let changes = 0
        for await (const progress of pieces) {
          last = progress
          if (++changes === CHANGES_PER_ANSWER) break
        }
        return { status: 200, body: last }
      },
    })
  }

  return {
    upload: endpoint({
      summary: 'Share a file in a conversation',
      description:
        'Its receivers are the members at this moment, or the recipients named. The type is read from the bytes; what ' +
        'contradicts the declared type is kept as application/octet-stream.',
      params: { app: Id, conversation: Id },
      form: Form,
      answers: { 201: AttachmentView },
      handle: (call) => upload(call, call.params.conversation),
    }),

    uploadOutside: endpoint({
      summary: 'Share a file outside of any conversation',
      params: { app: Id },
      form: Form,
      answers: { 201: AttachmentView },
      handle: (call) => upload(call, null),
    }),

    list: endpoint({
      summary: 'List attachments, newest first',
      params: { app: Id },
      query: {
        ...PageQuery,
        conversation: Type.Optional(Id),
        access: Type.Optional(Type.Union([Type.Literal('private'), Type.Literal('public')])),
        createdBefore: Type.Optional(TimeIn),
      },
      answers: { 200: List(AttachmentView) },
      handle: async ({ params: { app }, query: { conversation, access, createdBefore, ...query } }) => {
        const list = `attachments ${JSON.stringify([app, conversation, access, createdBefore])}`
        const page = await records.attachments.list(app, {
          ...pager.read(query, list),
          ...(conversation !== undefined && { conversation }),
          ...(access !== undefined && { access }),
          ...(createdBefore !== undefined && { createdBefore: Date.parse(createdBefore) }),
        })
        const maker = await linksOf(app)
        return { status: 200, body: pager.write(page, list, (attachment) => showAttachment(attachment, maker)) }
      },
    }),

    get: endpoint({
      summary: 'Read what is known of an attachment',
      params,
      answers: { 200: AttachmentView },
      handle: async ({ params: { app, id } }) => {
        const attachment = await find(app, id)
        return { status: 200, body: showAttachment(attachment, await linksOf(app)) }
      },
    }),

    delete: endpoint({
      summary: 'Delete an attachment and its bytes, at once',
      params,
      answers: { 204: null },
      handle: async ({ params: { app, id }, caller: { by } }) => {
        await unshare(parts, await find(app, id), by)
        return { status: 204 }
      },
    }),

    protect: protecting('Make public attachments private', 'private'),
    unprotect: protecting('Make attachments public again that `protect` made private', 'public'),
  }
}

/** Progress as lines of JSON; a fault on the way is the last line, since the status has been sent. */
async function* lines(pieces: AsyncIterable<unknown>, requestId: string): AsyncGenerator<string> {
  try {
    for await (const piece of pieces) yield `${JSON.stringify(piece)}\n`
  } catch (error) {
    yield `${JSON.stringify(problemBody(problemOf(error), requestId))}\n`
  }
}
