import { sql } from 'kysely'
import type { Records } from '../port.ts'
import { createApps } from './apps.ts'
import { createAttachments } from './attachments.ts'
import { createChanges } from './changes.ts'
import { createConversations } from './conversations.ts'
import type { Database } from './database.ts'
import { createIdempotency } from './idempotency.ts'
import { createKeys } from './keys.ts'
import { createLogins } from './logins.ts'
import { createMediaKeys } from './media-keys.ts'
import { createMessages } from './messages.ts'
import { MEDIA_MIGRATIONS } from './migrations/media.ts'
import { PEOPLE_MIGRATIONS } from './migrations/people.ts'
import { RECORD_MIGRATIONS } from './migrations/records.ts'
import { TALK_MIGRATIONS } from './migrations/talk.ts'
import { type Upgrade, upgrade } from './migrations/upgrade.ts'
import { VIEW_MIGRATIONS } from './migrations/views.ts'
import { WEBHOOK_MIGRATIONS } from './migrations/webhooks.ts'
import { createOutbox } from './outbox.ts'
import { findDeletedApp } from './present-app.ts'
import type { Tables, ViewTables } from './schema.ts'
import { createSecrets } from './secrets.ts'
import { createTries } from './tries.ts'
import { createUsers } from './users.ts'
import { createUses } from './uses.ts'
import { createViews } from './views.ts'
import { createWebhooks } from './webhooks.ts'

/** Each area counts its steps for itself; those that alter tables of another come behind it. */
const AREAS = [RECORD_MIGRATIONS, PEOPLE_MIGRATIONS, TALK_MIGRATIONS, WEBHOOK_MIGRATIONS, MEDIA_MIGRATIONS]

/**
 * The records over one database, or over two where the access log (`log`) has its own. Brings the schema up to date first, and tells
 * `onUpgrade` of it. Closing the records closes both; where opening fails they are closed, too.
 */
export async function openSqlRecords(
  database: Database<Tables>,
  log: Database<ViewTables>,
  onUpgrade: (upgrade: Upgrade) => void = () => {},
): Promise<Records> {
  const close = async () => {
    await log.close()
    await database.close()
  }
  try {
    await upgrade({ database, areas: AREAS }, { database: log, areas: [VIEW_MIGRATIONS] }, onUpgrade)
  } catch (error) {
    await close()
    throw error
  }
  const attachments = createAttachments(database)
  const apps = createApps(database)
  const changes = createChanges(database)
  const { forget, ...views } = createViews(log, database, attachments.receivers)
  return {
    apps: {
      ...apps,
      clear: async () => {
        const app = await findDeletedApp(database.read)
        // Lines that come late, of requests that were under way, are found by the next portion.
        if (app !== null) await forget(app)
        return app !== null && (await apps.clear())
      },
    },
    keys: createKeys(database),
    users: createUsers(database),
    logins: createLogins(database),
    conversations: createConversations(database),
    messages: createMessages(database),
    attachments,
    changes,
    views,
    webhooks: createWebhooks(database),
    outbox: createOutbox(database),
    idempotency: createIdempotency(database),
    secrets: createSecrets(database),
    mediaKeys: createMediaKeys(database),
    uses: createUses(database),
    tries: createTries(database),
    nodes: null,
    ping: async () => {
      await sql`select 1`.execute(database.read)
    },
    close,
  }
}
