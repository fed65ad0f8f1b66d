import type { User, UserDetails } from '@gatehouse/storage/records/port'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { showUser, UserView } from '../presenters.ts'
import { problem } from '../problems.ts'
import { Exactly, Id, List, Metadata, Name, Nullable, PageQuery, Tags } from '../schemas.ts'
import { mergeUsers } from '../user-merge.ts'

/** Users of an app. */
export function createUsers(parts: Parts) {
  const { records, standings, vault, now } = parts
  const pager = createPager(vault)
  const params = { app: Id, uid: Id }

  async function find(app: string, uid: string, detail?: string): Promise<User> {
    const user = await records.users.find(app, uid)
    if (user === null) throw problem('not_found', detail)
    return user
  }

  async function turn(app: string, user: string, to: 'active' | 'suspended', by: string) {
    const changed = await standings.change({ kind: 'user', app, user, to }, by)
    if (changed === null) throw problem('not_found')
    return { status: 200, body: { ...showUser(await find(app, user)), revocation: changed.revocation } } as const
  }

  return {
    put: endpoint({
      summary: 'Make a user, or change what is kept of one',
      description:
        'What is left out stays as it is; what is sent replaces it as a whole. A deactivated user stays deactivated. `role` and `tags` only describe: they permit nothing here.',
      params,
      body: Exactly({
        name: Type.Optional(Nullable(Name)),
        role: Type.Optional(Nullable(Name)),
        tags: Type.Optional(Tags),
        profile: Type.Optional(Metadata),
        metadata: Type.Optional(Metadata),
      }),
      bodyOptional: true,
      answers: { 200: UserView, 201: UserView },
      handle: async ({ params: { app, uid }, body }) => {
        const details = body as UserDetails
        const { user, created } = await records.users.put({ app, id: uid, at: now(), ...details })
        if (!created) return { status: 200, body: showUser(user) }
        return { status: 201, body: showUser(user), location: `/v1/apps/${app}/users/${encodeURIComponent(uid)}` }
      },
    }),

    get: endpoint({
      summary: 'Read a user',
      params,
      answers: { 200: UserView },
      handle: async ({ params: { app, uid } }) => ({ status: 200, body: showUser(await find(app, uid)) }),
    }),

    list: endpoint({
      summary: 'List the users of an app',
      params: { app: Id },
      query: {
        ...PageQuery,
        status: Type.Optional(Type.Union([Type.Literal('active'), Type.Literal('deactivated')])),
        search: Type.Optional(Type.String({ maxLength: 256, description: 'Part of the id or the name, in any case.' })),
        role: Type.Optional(Name),
        tag: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      },
      answers: { 200: List(UserView) },
      handle: async ({ params: { app }, query: { status, search, role, tag, ...query } }) => {
        const one = (value: string | undefined) => (value === undefined ? undefined : [value])
        const filter = { status, search, roles: one(role), tags: one(tag) }
        const list = `users ${app} ${JSON.stringify(filter)}`
        const page = await records.users.list(app, { ...pager.read(query, list), ...filter })
        return { status: 200, body: pager.write(page, list, showUser) }
      },
    }),

    deactivate: endpoint({
      summary: "Deactivate a user: all of the user's links and tokens are refused at once",
      params,
      answers: { 200: UserView },
      handle: ({ params: { app, uid }, caller: { by } }) => turn(app, uid, 'suspended', by),
    }),

    activate: endpoint({
      summary: 'Activate a user again: the same links and tokens work again',
      params,
      answers: { 200: UserView },
      handle: ({ params: { app, uid }, caller: { by } }) => turn(app, uid, 'active', by),
    }),

    merge: endpoint({
      summary: 'Merge another user into this one',
      description:
        "The two are one person from then on. The other's links, media passes and login sessions go on working and are this user's: whatever ends or suspends this user ends or suspends them. Conversations, and what was shared by or with the other, are this user's, too. Of name, role, tags, profile and metadata this user's own stay, and what is missing comes from the other. The other's id is free then; grant tokens that name it are void. Cannot be undone.",
      params,
      body: Exactly({ from: Id }, { examples: [{ from: 'visitor-17' }] }),
      answers: { 200: UserView },
      handle: async ({ params: { app, uid }, body, caller: { by } }) => {
        const [into, from] = await Promise.all([
          find(app, uid),
          find(app, body.from, 'There is no user with the id that `from` names.'),
        ])
        if (into.serial === from.serial) throw problem('conflict', 'A user cannot be merged with themselves.')
        const revocation = await mergeUsers(parts, { from, into }, { by })
        if (revocation === null) throw problem('not_found')
        return { status: 200, body: { ...showUser(await find(app, uid)), revocation } }
      },
    }),

    delete: endpoint({
      summary: 'Delete a user for good',
      params,
      answers: { 204: null },
      handle: async ({ params: { app, uid }, caller: { by } }) => {
        const changed = await standings.change({ kind: 'user', app, user: uid, to: 'deleted' }, by)
        if (changed === null) throw problem('not_found')
        return { status: 204 }
      },
    }),
  }
}
