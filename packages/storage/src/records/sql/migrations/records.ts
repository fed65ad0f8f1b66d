import type { Migration } from './run.ts'

/** The steps of the schema of everything but the access log, oldest first. */
export const RECORD_MIGRATIONS: readonly Migration[] = [
  {
    name: 'records-0001-tables',
    statements: ({ serial, integer, text, bytes, table, clustered }) => [
      `create table apps (
        serial ${serial},
        id ${text} not null unique,
        name ${text} not null,
        settings ${text} not null,
        link_key ${bytes} not null,
        status ${text} not null,
        used_bytes ${integer} not null,
        used_attachments ${integer} not null,
        created_at ${integer} not null
      ) ${table}`,

      `create table keys (
        serial ${serial},
        id ${text} not null unique,
        app ${text} references apps (id),
        name ${text} not null,
        grants ${text} not null,
        secret_hash ${text} not null unique,
        sealed_secret ${bytes} not null,
        status ${text} not null,
        expires_at ${integer},
        created_at ${integer} not null
      ) ${table}`,
      `create index keys_by_app on keys (app, serial)`,

      `create table users (
        serial ${serial},
        app ${text} not null references apps (id),
        id ${text} not null,
        name ${text} not null,
        metadata ${text} not null,
        status ${text} not null,
        created_at ${integer} not null,
        deactivated_at ${integer},
        unique (app, id)
      ) ${table}`,
      `create index users_deactivated on users (app, id) where status = 'deactivated'`,

      `create table conversations (
        serial ${serial},
        app ${text} not null references apps (id),
        id ${text} not null,
        type ${text} not null,
        version ${integer} not null,
        merged_into ${text},
        merged_from ${text} not null,
        created_at ${integer} not null,
        unique (app, id)
      ) ${table}`,
      `create index conversations_by_survivor on conversations (app, merged_into)`,

      `create table memberships (
        conversation ${integer} not null,
        uid ${text} not null,
        member ${integer} not null references users (serial),
        joined ${integer} not null,
        ended ${integer},
        primary key (conversation, uid, joined)
      ) ${clustered}`,
      `create unique index memberships_present on memberships (conversation, uid) where ended is null`,
      `create index memberships_by_member on memberships (member, conversation)`,

      `create table messages (
        serial ${serial},
        app ${text} not null references apps (id),
        conversation ${integer} not null references conversations (serial),
        conversation_id ${text} not null,
        sender ${text},
        text ${text} not null,
        attachments ${text} not null,
        created_at ${integer} not null
      ) ${table}`,
      `create index messages_by_conversation on messages (conversation, serial)`,
      `create index messages_by_app on messages (app)`,

      `create table attachments (
        serial ${serial},
        app ${text} not null references apps (id),
        id ${text} not null,
        path ${text} not null unique,
        conversation ${integer} references conversations (serial),
        conversation_id ${text},
        version ${integer} not null,
        filename ${text} not null,
        content_type ${text} not null,
        size ${integer} not null,
        sha256 ${text} not null,
        access ${text} not null,
        protected ${integer} not null,
        blob ${text} not null,
        sender ${text},
        recipients ${text},
        created_at ${integer} not null,
        unique (app, id)
      ) ${table}`,
      `create index attachments_by_app on attachments (app, serial)`,
      `create index attachments_by_conversation on attachments (conversation, serial)`,
      `create index attachments_by_access on attachments (app, access, protected, created_at)`,
      `create index attachments_by_blob on attachments (blob)`,

      `create table recipients (
        attachment ${integer} not null references attachments (serial),
        uid ${text} not null,
        member ${integer} not null references users (serial),
        primary key (attachment, uid)
      ) ${clustered}`,
      `create index recipients_by_member on recipients (member, attachment)`,

      `create table sequence (id ${integer} primary key, value ${integer} not null) ${table}`,
      `insert into sequence (id, value) values (1, 0)`,

      `create table changes (
        sequence ${integer} primary key,
        app ${text},
        listed ${integer} not null,
        change ${text} not null,
        actor ${text} not null,
        at ${integer} not null,
        rows ${text} not null,
        paths ${text} not null
      ) ${table}`,
      `create index changes_by_app on changes (app, listed, sequence)`,

      `create table standing (
        position ${serial},
        scope ${text} not null,
        target ${text} not null,
        serial ${integer} not null,
        app ${text},
        suspended ${integer} not null,
        revoked ${integer} not null,
        void_before ${integer} not null,
        sequence ${integer} not null,
        unique (scope, target, serial)
      ) ${table}`,
      `create index standing_by_app on standing (app)`,

      `create table idempotency (
        scope ${text} not null,
        "key" ${text} not null,
        fingerprint ${text} not null,
        at ${integer} not null,
        status ${integer},
        body ${text},
        location ${text},
        primary key (scope, "key")
      ) ${clustered}`,
      `create index idempotency_by_time on idempotency (at)`,

      `create table secrets (name ${text} primary key, value ${bytes} not null) ${clustered}`,

      `create table use_totals (token ${text} primary key, taken ${integer} not null) ${clustered}`,
      `create table uses (
        token ${text} not null,
        viewer ${text} not null,
        at ${integer} not null
      ) ${table}`,
      `create index uses_by_viewer on uses (token, viewer, at)`,
    ],
  },
  {
    name: 'records-0002-nodes',
    statements: ({ integer, text, clustered }) => [
      `create table nodes (
        node ${text} primary key,
        applied ${integer} not null,
        lease_until ${integer} not null
      ) ${clustered}`,
    ],
  },
  {
    name: 'records-0003-pruning',
    statements: ({ integer }) => [
      `create index changes_by_age on changes (listed, at)`,
      `create index uses_by_age on uses (at)`,
      // Of tokens counted before this step it is not known when they end: their counts stay.
      `alter table use_totals add column ends_at ${integer}`,
      `create index use_totals_by_end on use_totals (ends_at)`,
    ],
  },
  {
    name: 'records-0004-tries',
    statements: ({ integer, text, clustered }) => [
      `create table tries (name ${text} primary key, spent_until ${integer} not null) ${clustered}`,
      `create index tries_by_age on tries (spent_until)`,
    ],
  },
]
