import { basic, createClient } from './client.ts'
import { png } from './cometchat/journey.ts'
import { startTlsFront } from './cometchat/tls-front.ts'
import { ADMIN, startGatehouse } from './gatehouse.ts'
import { type Pages, startPages } from './pages.ts'
import { freePort } from './ports.ts'
import { type AttachmentView, createApp, expect, type Tenant } from './tenant.ts'

/** Names of pages: on the site of the media, and on two others. */
export const NAMES = { same: 'desk.house.test', other: 'desk.other.test', third: 'desk.third.test' } as const

/** A server behind TLS whose media lie at `media.house.test`, pictures there, and pages that may show them. */
export type MediaSite = {
  /** The origin of media. */
  readonly media: string
  readonly pages: Pages
  readonly app: Tenant
  /** The path of the conversation `c`. */
  readonly talk: string
  /** Pictures: two in `c`, one in the conversation `cx`, one in none. */
  readonly one: AttachmentView
  readonly two: AttachmentView
  readonly sibling: AttachmentView
  readonly outside: AttachmentView
  /** A new media token for a path. */
  readonly token: (path: string) => Promise<string>
  readonly stop: () => Promise<void>
}

/** Starts it; the app lists the origins of all pages. */
export async function startMediaSite(): Promise<MediaSite> {
  const front = await startTlsFront()
  const port = await freePort()
  front.lead(port)
  const media = front.url.replace('localhost', 'media.house.test')
  const house = await startGatehouse({ flags: ['--port', String(port), '--public-url', media] })
  const pages = await startPages()
  const allowedOrigins = Object.values(NAMES).map(pages.at)
  const admin = createClient(`http://127.0.0.1:${port}`, basic(ADMIN.id, ADMIN.secret))
  const app = await createApp(admin, { allowedOrigins })
  for (const id of ['c', 'cx']) await app.conversation(id, ['ann', 'bob'])
  const picture = (name: string, conversation: string | null) =>
    app.upload(png(name).bytes, { name, type: 'image/png', conversation })
  return {
    media,
    pages,
    app,
    talk: `/apps/${app.id}/conversations/c`,
    one: await picture('one.png', 'c'),
    two: await picture('two.png', 'c'),
    sibling: await picture('sibling.png', 'cx'),
    outside: await picture('outside.png', null),
    token: async (path) => {
      const answer = expect(await admin.post(`${app.base}/media-tokens`, { paths: [path] }), 201)
      return answer.json<{ tokens: Record<string, string> }>().tokens[path] ?? ''
    },
    stop: async () => {
      await pages.stop()
      await front.stop()
      await house.stop()
    },
  }
}
