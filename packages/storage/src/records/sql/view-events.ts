import type { Json, NewEvent, NewView } from '../port.ts'
import { type Database, isIn } from './database.ts'
import { tellAll } from './events.ts'
import type { Tables } from './schema.ts'

const VIEWED = 'attachment.viewed'
const REFUSED = 'attachment.refused'

/**
 * Creates what tells webhooks of lines of the access log once they are written. `nameOf` answers the user of a line. Nothing is
 * written where no webhook of these apps asked for it.
 */
export function createViewEvents(
  { flavour, read, write }: Database<Tables>,
  nameOf: (view: NewView) => string | null,
): (views: readonly NewView[]) => Promise<void> {
  return async (views) => {
    const told = views.filter(isTold)
    if (told.length === 0) return
    const apps = [...new Set(told.map(({ app }) => app))]
    const asked = await read
      .selectFrom('subscriptions')
      .select('app')
      .where(isIn(flavour, 'app', apps))
      .where('event', 'in', [VIEWED, REFUSED])
      .limit(1)
      .executeTakeFirst()
    if (asked === undefined) return
    await write((tx) =>
      tellAll(
        tx,
        flavour,
        told.map((view) => eventOf(view, nameOf(view))),
      ),
    )
  }
}

/** Only what opened an attachment, or was refused one: neither a further range of a view nor a call of the API about it. */
function isTold({ attachment, action, allowed, count }: NewView): boolean {
  return attachment !== null && (action === 'read' || action === 'play') && (!allowed || count > 0)
}

function eventOf({ userSerial: _serial, ...line }: NewView, user: string | null): NewEvent {
  const view: { readonly [name: string]: Json } = { ...line, user }
  return {
    app: line.app,
    type: line.allowed ? VIEWED : REFUSED,
    resource: line.resource,
    at: line.lastAt,
    data: { view },
  }
}
