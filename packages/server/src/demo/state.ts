import { resourceOf } from '@gatehouse/core/resource'
import type { Parts } from '../parts.ts'
import { DEMO, SAMPLES, type Sample } from './samples.ts'
import { demoAttachments, demoKey, demoSibling } from './seed.ts'

/** What the demonstration page knows when it is loaded. */
export type DemoState = {
  readonly app: string
  /** A grant token for the calls that the page makes, and its end (ISO 8601). */
  readonly token: string
  readonly expiresAt: string
  readonly receivers: readonly { readonly id: string; readonly name: string }[]
  readonly media: readonly {
    readonly kind: Sample['kind']
    readonly id: string
    readonly filename: string
    readonly path: string
    /** Each receiver's own URL. */
    readonly urls: { readonly [user: string]: string }
  }[]
  /** What the cookie is for, and the path of a picture that lies elsewhere (null where it is gone). */
  readonly cookie: { readonly path: string; readonly sibling: string | null }
}

const TOKEN_MILLISECONDS = 15 * 60 * 1000

/**
 * The page switches users on and off, explains tokens and reads the log, which takes `manage` on the app, and asks for media
 * tokens, which takes `issue`. Whoever can open the page can therefore do everything in the demonstration's app, and nothing
 * outside of it.
 */
const GRANTS = [{ actions: ['manage', 'issue'], resource: `/apps/${DEMO.app}` }] as const

/**
 * Gathers the state of the page, with a token that lives for fifteen minutes. Null where the demonstration is not there: its
 * app or its key has been deleted, or revoked.
 */
export async function demoState(parts: Pick<Parts, 'records' | 'links' | 'issuer' | 'now'>): Promise<DemoState | null> {
  const [links, key] = await Promise.all([parts.links.of(DEMO.app), demoKey(parts)])
  if (links === null || key === null) return null
  const attachments = await demoAttachments(parts)
  const media: DemoState['media'][number][] = []
  for (const { kind, filename } of SAMPLES) {
    const attachment = attachments.get(kind)
    if (attachment === undefined) continue
    const urls: Record<string, string> = {}
    for (const user of DEMO.receivers) {
      const receiver = await parts.records.attachments.receiver(attachment, user)
      if (receiver !== null) urls[user] = links.url(attachment, receiver)
    }
    media.push({ kind, id: attachment.id, filename, path: attachment.path, urls })
  }
  const issuedAt = parts.now()
  const expiresAt = issuedAt + TOKEN_MILLISECONDS
  const { token } = await parts.issuer.grantToken({
    app: DEMO.app,
    subject: null,
    grants: GRANTS,
    issuedAt,
    expiresAt,
    key: key.id,
  })
  return {
    app: DEMO.app,
    token,
    expiresAt: new Date(expiresAt).toISOString(),
    receivers: DEMO.receivers.map((id) => ({ id, name: DEMO.people[id] })),
    media,
    cookie: {
      path: resourceOf('apps', DEMO.app, 'conversations', DEMO.conversation).path,
      sibling: (await demoSibling(parts))?.path ?? null,
    },
  }
}
