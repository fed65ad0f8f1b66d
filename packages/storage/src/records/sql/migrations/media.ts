import type { Migration } from './run.ts'

/** The steps of the schema of media tokens, oldest first. */
export const MEDIA_MIGRATIONS: readonly Migration[] = [
  {
    name: 'media-0001-keys',
    statements: ({ serial, integer, text, bytes, table }) => [
      `create table media_keys (
        serial ${serial},
        id ${text} not null unique,
        state ${text} not null,
        jwk ${text} not null,
        sealed ${bytes},
        created_at ${integer} not null,
        since ${integer} not null,
        until ${integer} not null
      ) ${table}`,
      `create unique index media_keys_single on media_keys (state) where state in ('next', 'active')`,
      `alter table sequence add column second ${integer} not null default 0`,
      `alter table standing add column second ${integer} not null default 0`,
    ],
  },
  {
    name: 'media-0002-for-message',
    statements: ({ integer }) => [`alter table attachments add column for_message ${integer} not null default 0`],
  },
  {
    name: 'media-0003-revisions',
    statements: ({ integer }) => [
      `alter table messages add column revision ${integer} not null default 0`,
      `alter table attachments add column revision ${integer} not null default 0`,
    ],
  },
  {
    name: 'media-0004-pages-from-an-index',
    statements: () => [
      // Which messages a page has, and at which revision, stands in the index: to look their rows up took longer than the rest of it.
      `drop index messages_by_conversation`,
      `create index messages_by_conversation on messages (conversation, serial, version, revision)`,
    ],
  },
]
