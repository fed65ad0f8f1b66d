import type { Migration } from './run.ts'

/** The steps of the schema of the access log, oldest first. */
export const VIEW_MIGRATIONS: readonly Migration[] = [
  {
    name: 'views-0001-table',
    statements: ({ serial, integer, text, table }) => [
      `create table views (
        serial ${serial},
        app ${text} not null,
        at ${integer} not null,
        last_at ${integer} not null,
        action ${text} not null,
        resource ${text} not null,
        attachment ${text},
        uid ${text},
        credential ${text},
        "key" ${text},
        allowed ${integer} not null,
        reason ${text} not null,
        status ${integer} not null,
        method ${text} not null,
        ip ${text},
        user_agent ${text},
        bytes ${integer} not null,
        count ${integer} not null
      ) ${table}`,
      `create index views_by_time on views (at)`,
      `create index views_by_app on views (app, at, serial)`,
      `create index views_by_resource on views (app, resource)`,
      `create index views_by_user on views (app, uid, at, serial)`,
      `create index views_by_attachment on views (app, attachment, uid)`,
    ],
  },
]
