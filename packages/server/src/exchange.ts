import { isId } from '@gatehouse/core/resource'
import type { Token } from '@gatehouse/core/token'
import type { Attachment, Receiver, Records } from '@gatehouse/storage/records/port'
import { FLAT_BROWSER_HEADERS } from './browser-headers.ts'
import type { Head, PresignedText } from './gate/credential.ts'
import type { Dialect } from './gate/dialect.ts'
import type { Tenant } from './parts.ts'
import type { LinkMakers } from './signing/links.ts'

/** What a client gets in place of bytes: a URL that opens them for a while, as a redirect or told in a document. */
export type Given = { readonly status: 200 | 302; readonly headers: readonly string[]; readonly body: string }

/** How a client wants to be told of a URL, and in whose language. */
export type Wish = { readonly dialect: Dialect; readonly as: 'redirect' | 'document' }

/** Gives URLs in place of bytes. MUST be asked only for tokens that the gate has let in, in the same turn. */
export type Exchange = {
  /** Whether a request that was let in wants a URL; null where it gets the bytes. */
  wish(head: Head, query: string, token: Token): Wish | null
  /** Whom a request names to be given a URL for, by the ids to look for; null where it names nobody. */
  named(head: Head): readonly string[] | null
  /** The receiver of an attachment under one of these ids; null where none of them is one, or they are not active. */
  receiver(tenant: Tenant, attachment: Attachment, ids: readonly string[]): Promise<Receiver | null>
  /** The URL for what was shown: pre-signed for a user's own token, a service token for a key; or the link of a receiver named. */
  give(wish: Wish, tenant: Tenant, attachment: Attachment, token: Token, named: Receiver | null): Given
}

/** What the exchange is made of. */
export type ExchangeParts = {
  readonly dialects: readonly Dialect[]
  readonly links: LinkMakers
  readonly records: Pick<Records, 'users' | 'attachments'>
  readonly now: () => number
}

/** Creates the exchange over the dialects that are spoken here. */
export function createExchange({ dialects, links, records, now }: ExchangeParts): Exchange {
  return {
    wish(head, query, token) {
      for (const dialect of dialects) {
        const as = dialect.exchange(head, query, token.kind)
        if (as !== null) return { dialect, as }
      }
      return null
    },

    named(head) {
      for (const dialect of dialects) {
        const ids = dialect.onBehalfOf(head)
        if (ids !== null) return ids
      }
      return null
    },

    async receiver({ app, settings }, attachment, ids) {
      for (const id of ids) {
        const user = isId(id) ? await records.users.find(app.id, id) : null
        if (user === null) continue
        if (user.status !== 'active') return null
        const receiver = await records.attachments.receiver(attachment, id, { later: settings.historyForNewMembers })
        return receiver?.serial === user.serial ? receiver : null
      }
      return null
    },

    give({ dialect, as }, tenant, attachment, token, named) {
      const maker = links.by(tenant)
      const [base, proof] = ((): readonly [string, string | PresignedText] => {
        if (named !== null) return [maker.base, maker.token(attachment, named)]
        if (token.subjectSerial === null) return [maker.directBase, maker.service(attachment, token.keySerial, now())]
        // Whoever follows a redirect has passed the login wall; whoever reads a document has not come to the media yet.
        const front = as === 'redirect' ? maker.directBase : maker.base
        return [front, maker.presigned(attachment.path, token, now())]
      })()
      const url = dialect.url(base, attachment.path, proof)
      return as === 'redirect' ? redirectTo(url) : documentOf(dialect.document(url))
    },
  }
}

const ALWAYS = ['Cache-Control', 'no-store', ...FLAT_BROWSER_HEADERS]

function redirectTo(url: string): Given {
  return { status: 302, headers: ['Location', url, 'Content-Length', '0', ...ALWAYS], body: '' }
}

function documentOf(body: string): Given {
  const length = String(Buffer.byteLength(body))
  return { status: 200, headers: ['Content-Type', 'application/json', 'Content-Length', length, ...ALWAYS], body }
}
