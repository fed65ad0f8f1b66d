import type { Migration } from './run.ts'

/** The steps of the schema of webhooks and the outbox, oldest first. */
export const WEBHOOK_MIGRATIONS: readonly Migration[] = [
  {
    name: 'webhooks-0001-tables',
    statements: ({ serial, integer, text, bytes, table, clustered }) => [
      `create table webhooks (
        serial ${serial},
        app ${text} not null references apps (id),
        id ${text} not null,
        url ${text} not null,
        subscriptions ${text} not null,
        sealed ${bytes} not null,
        gone ${integer} not null,
        created_at ${integer} not null,
        updated_at ${integer} not null,
        unique (app, id)
      ) ${table}`,

      `create table subscriptions (
        app ${text} not null references apps (id),
        event ${text} not null,
        webhook ${integer} not null references webhooks (serial),
        name ${text} not null,
        primary key (app, event, webhook, name)
      ) ${clustered}`,
      `create index subscriptions_by_webhook on subscriptions (webhook)`,

      `create table deliveries (
        serial ${serial},
        app ${text} not null references apps (id),
        webhook ${integer} not null references webhooks (serial),
        event_id ${text} not null,
        event ${text} not null,
        name ${text} not null,
        resource ${text} not null,
        data ${text} not null,
        created_at ${integer} not null,
        deadline ${integer} not null,
        state ${text} not null,
        not_before ${integer} not null,
        due_at ${integer} not null,
        holder ${text},
        tries ${integer} not null,
        last_try_at ${integer},
        last_status ${integer},
        last_error ${text},
        settled_at ${integer}
      ) ${table}`,
      `create index deliveries_due on deliveries (webhook, due_at) where state = 'pending'`,
      `create index deliveries_in_order on deliveries (webhook, resource, serial) where state = 'pending'`,
      `create index deliveries_by_webhook on deliveries (webhook, serial)`,
      `create index deliveries_by_state on deliveries (webhook, state, serial)`,
      `create index deliveries_settled on deliveries (state, settled_at) where state <> 'pending'`,
      `create index deliveries_held on deliveries (holder) where holder is not null`,
      `create index deliveries_by_app on deliveries (app)`,
    ],
  },
]
