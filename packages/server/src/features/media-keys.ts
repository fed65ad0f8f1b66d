import type { MediaKey } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import type { Parts } from '../parts.ts'
import { time } from '../presenters.ts'
import { problem } from '../problems.ts'
import { RevocationAnswer, Time } from '../schemas.ts'
import { provideMediaKeys, rotateMediaKeys } from '../signing/media-keys.ts'

const MediaKeyView = Type.Object({
  id: Type.String({ description: 'The `kid` of what it signs.' }),
  state: Type.Union([Type.Literal('next'), Type.Literal('active'), Type.Literal('retiring'), Type.Literal('retired')]),
  createdAt: Time,
  since: Time,
})

const Changed = Type.Object({ items: Type.Array(MediaKeyView), revocation: RevocationAnswer })

/** The keys that sign media tokens, for the whole installation. */
export function createMediaKeys({ records, standings, vault, keyMaker }: Parts) {
  const keyParts = { records, vault, keyMaker, change: standings.change }
  const list = async () => (await records.mediaKeys.list()).map(show)
  return {
    list: endpoint({
      summary: 'List the keys of media tokens, newest first',
      answers: { 200: Type.Object({ items: Type.Array(MediaKeyView) }) },
      handle: async () => ({ status: 200, body: { items: await list() } }),
    }),

    rotate: endpoint({
      summary: 'Let the next key sign media tokens',
      description:
        'The key before it goes on being believed until the last token that it signed has ended. Nothing breaks.',
      answers: { 200: Changed },
      handle: async ({ caller: { by } }) => {
        const { revocation } = await rotateMediaKeys(keyParts, by)
        return { status: 200, body: { items: await list(), revocation } }
      },
    }),

    retire: endpoint({
      summary: 'Void everything that a key of media tokens has signed, at once',
      description: 'For a key that others may know. Where it is the active one, the next takes its place.',
      params: { key: Type.String({ minLength: 1, maxLength: 128 }) },
      answers: { 200: Changed },
      handle: async ({ params: { key }, caller: { by } }) => {
        const found = (await records.mediaKeys.list()).find(({ id }) => id === key)
        if (found === undefined) throw problem('not_found', 'There is no such key of media tokens.')
        if (found.state === 'active') await provideMediaKeys(keyParts)
        const changed = await standings.change({ kind: 'media-key', app: null, key, to: 'retired' }, by)
        if (changed === null) throw problem('conflict', 'This key is retired already.')
        return { status: 200, body: { items: await list(), revocation: changed.revocation } }
      },
    }),
  }
}

function show({ id, state, createdAt, since }: MediaKey) {
  return { id, state, createdAt: time(createdAt), since: time(since) }
}
