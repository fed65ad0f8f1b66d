import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { openSqliteRecords } from '../../sqlite.ts'
import { openConnection } from '../../sqlite-connection.ts'
import { openSqliteDatabase } from '../../sqlite-database.ts'
import type { Tables } from '../schema.ts'
import { RECORD_MIGRATIONS } from './records.ts'
import { migrate } from './run.ts'

const ROWS = `
  insert into apps (id, name, settings, link_key, status, used_bytes, used_attachments, created_at)
    values ('a', '"A"', '{}', x'01', 'active', 1, 1, 5);
  insert into users (serial, app, id, name, metadata, status, created_at)
    values (1, 'a', 'ann', 'null', '{}', 'active', 5), (2, 'a', 'bob', 'null', '{}', 'active', 5);
  insert into conversations (serial, app, id, type, version, merged_from, created_at)
    values (1, 'a', 'Talk', 'group', 3, '[]', 6);
  insert into memberships (conversation, uid, member, joined, ended)
    values (1, 'ann', 1, 1, null), (1, 'bob', 2, 2, 3);
  insert into messages (app, conversation, conversation_id, sender, text, attachments, created_at)
    values ('a', 1, 'Talk', 'ann', '"hi"', '[]', 7);
  insert into attachments (app, id, path, conversation, conversation_id, version, filename, content_type, size, sha256, access,
    protected, blob, sender, created_at)
    values ('a', 'f', '/apps/a/f', 1, 'Talk', 2, '"f"', 'text/plain', 1, '00', 'private', 0, 'b', 'ann', 7);`

test('what was kept before keeps its meaning', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-migration-'))
  const file = join(folder, 'gatehouse.db')
  const database = openSqliteDatabase<Tables>(() => openConnection(file, 'FULL'))
  await migrate(database, RECORD_MIGRATIONS.slice(0, 2), 1)
  await database.close()
  const raw = new Sqlite(file)
  raw.exec(ROWS)
  raw.close()

  const records = await openSqliteRecords({ file })
  const conversation = await records.conversations.find('a', 'Talk')
  assert.deepEqual(
    [conversation?.membersCount, conversation?.joining, conversation?.updatedAt, conversation?.version],
    [1, 'invited', 6, 3],
  )
  assert.equal((await records.conversations.page('a', { offset: 0, limit: 1, search: 'tALK' })).total, 1)
  assert.deepEqual(await records.conversations.member('a', 'Talk', 'ann'), {
    ...{ id: 'ann', serial: 1, role: 'participant', joinedAt: 6 },
  })
  const { items } = await records.conversations.ofUser('a', 'ann', { offset: 0, limit: 5, spoken: true })
  const message = items[0]?.lastMessage
  assert.deepEqual(
    [message?.text, message?.type, message?.category, message?.version, message?.updatedAt],
    ['hi', 'text', 'message', 3, 7],
  )
  const holds = [1, 2].map((count) => records.messages.holds('a', 'Talk', count))
  assert.deepEqual(await Promise.all(holds), [true, false])
  const attachment = (await records.attachments.find('a', 'f')) ?? assert.fail()
  assert.deepEqual([attachment.fromSerial, attachment.held], [1, false])
  assert.equal((await records.attachments.receiver(attachment, 'bob'))?.id, 'bob')
  await records.close()
  await rm(folder, { recursive: true })
})
