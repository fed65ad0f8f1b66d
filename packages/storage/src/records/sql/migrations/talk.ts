import type { Migration } from './run.ts'

/** The steps of the schema of conversations, messages and attachments that came after the first tables, oldest first. */
export const TALK_MIGRATIONS: readonly Migration[] = [
  {
    name: 'talk-0001-groups-and-threads',
    statements: ({ integer, text, clustered }) => [
      `alter table conversations add column name ${text} not null default 'null'`,
      `alter table conversations add column owner ${text}`,
      `alter table conversations add column profile ${text} not null default '{}'`,
      `alter table conversations add column metadata ${text} not null default '{}'`,
      `alter table conversations add column tags ${text} not null default '[]'`,
      `alter table conversations add column joining ${text} not null default 'invited'`,
      `alter table conversations add column password_hash ${text}`,
      `alter table conversations add column folded ${text} not null default ''`,
      `alter table conversations add column members ${integer} not null default 0`,
      `alter table conversations add column spoken ${integer} not null default 0`,
      `alter table conversations add column pair ${text}`,
      `alter table conversations add column updated_at ${integer} not null default 0`,
      // Databases fold ASCII only; the rest follows when a conversation is written again.
      `update conversations set updated_at = created_at, folded = lower(id),
        members = (select count(*) from memberships where conversation = conversations.serial and ended is null),
        spoken = coalesce((select max(serial) from messages where conversation = conversations.serial), 0)`,
      `create unique index conversations_by_pair on conversations (app, pair) where pair is not null`,

      `alter table memberships add column role ${text} not null default 'participant'`,
      `alter table memberships add column joined_at ${integer} not null default 0`,
      `update memberships set joined_at =
        coalesce((select created_at from conversations where serial = memberships.conversation), 0)`,

      `create table bans (
        conversation ${integer} not null references conversations (serial),
        uid ${text} not null,
        member ${integer} not null references users (serial),
        actor ${text},
        at ${integer} not null,
        primary key (conversation, uid)
      ) ${clustered}`,
      `create index bans_by_member on bans (member)`,

      `alter table messages add column type ${text} not null default 'text'`,
      `alter table messages add column category ${text} not null default 'message'`,
      `alter table messages add column data ${text} not null default '{}'`,
      `alter table messages add column tags ${text} not null default '[]'`,
      `alter table messages add column parent ${integer}`,
      `alter table messages add column version ${integer} not null default 0`,
      `alter table messages add column updated_at ${integer} not null default 0`,
      `alter table messages add column edited_at ${integer}`,
      `alter table messages add column deleted_at ${integer}`,
      `alter table messages add column deleted_by ${text}`,
      // Which version they were sent at is not known any more: the members of now see them.
      `update messages set updated_at = created_at,
        version = coalesce((select version from conversations where serial = messages.conversation), 0)`,
      `create index messages_by_parent on messages (parent, serial) where parent is not null`,
      `create index messages_of_app on messages (app, serial)`,
      `drop index messages_by_app`,

      `alter table attachments add column sender_serial ${integer}`,
      `alter table attachments add column held ${integer} not null default 0`,
      `update attachments set sender_serial =
        (select serial from users where users.app = attachments.app and users.id = attachments.sender)`,
      `create index attachments_held on attachments (created_at) where held = 1`,
    ],
  },
  {
    name: 'talk-0002-editors-and-marks',
    statements: ({ text }) => [
      // Who edited what was edited before this step is not known any more.
      `alter table messages add column edited_by ${text}`,
      `alter table messages add column once ${text}`,
      `create index messages_once on messages (conversation, once) where once is not null`,
      `create index conversations_by_owner on conversations (app, owner) where owner is not null`,
    ],
  },
  {
    name: 'talk-0003-messages-counted',
    statements: ({ integer }) => [
      `alter table conversations add column messages ${integer} not null default 0`,
      `update conversations set messages = (select count(*) from messages where conversation = conversations.serial)`,
    ],
  },
]
