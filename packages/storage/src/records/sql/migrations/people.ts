import type { Migration } from './run.ts'

/** The steps of the schema of users and their login sessions that came after the first tables, oldest first. */
export const PEOPLE_MIGRATIONS: readonly Migration[] = [
  {
    name: 'people-0001-details-and-logins',
    statements: ({ serial, integer, text, table }) => [
      `alter table users add column role ${text} not null default 'null'`,
      `alter table users add column tags ${text} not null default '[]'`,
      `alter table users add column profile ${text} not null default '{}'`,
      `alter table users add column folded ${text} not null default ''`,
      `alter table users add column updated_at ${integer} not null default 0`,
      // Databases fold ASCII only; the rest follows when a user is written again.
      `update users set updated_at = created_at,
        folded = lower(case when name = 'null' then id else id || '\n' || name end)`,

      `create table logins (
        serial ${serial},
        app ${text} not null references apps (id),
        id ${text} not null,
        uid ${text} not null,
        member ${integer} not null references users (serial),
        secret_hash ${text} not null unique,
        sequence ${integer} not null,
        created_at ${integer} not null,
        unique (app, id)
      ) ${table}`,
      `create index logins_by_member on logins (member, serial)`,
    ],
  },
  {
    name: 'people-0002-merged-users',
    statements: ({ integer, text, table }) => [
      `alter table users add column merged_from ${text} not null default '[]'`,
      `create table merged_users (
        serial ${integer} primary key,
        app ${text} not null references apps (id),
        id ${text} not null,
        survivor ${integer} not null references users (serial)
      ) ${table}`,
      `create index merged_users_by_survivor on merged_users (survivor)`,
      `create index merged_users_by_app on merged_users (app)`,
    ],
  },
  {
    name: 'people-0003-time-of-merges',
    statements: ({ integer }) => [
      `alter table merged_users add column merged_at ${integer} not null default 0`,
      // At the latest when somebody else came under the id, or the last change was made, which a merge is.
      `update merged_users set merged_at = coalesce(
        (select created_at from users where users.app = merged_users.app and users.id = merged_users.id),
        (select max(at) from changes),
        0)`,
      `drop index merged_users_by_app`,
      `create index merged_users_by_id on merged_users (app, id)`,
    ],
  },
]
