import { isId } from '@gatehouse/core/resource'
import type { Json, User, UserDetails } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { call, type SurfaceCall } from './call.ts'
import { failure } from './errors.ts'
import { findUser } from './people.ts'
import { type Fields, metadataOf, objectOf, requiredText, textOf, wrong } from './request.ts'
import { deleteUser } from './user-ends.ts'
import { showAppUser, showUser } from './views.ts'

/** What a user keeps in the profile, under the names of this surface. */
const PROFILE = ['givenName', 'surname', 'email', 'avatarUrl', 'locale'] as const
/** What stays of a profile when what is personal goes; what other doors keep there goes, too. */
const IMPERSONAL = ['locale', 'signedUpAt']
const LONGEST = 2048

/** The calls that make, read and change users, of both versions. */
export function createUserCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, now } = parts

  async function create(app: string, externalId: string, details: UserDetails): Promise<User> {
    return records.users.create({ app, id: externalId, ...details, at: now() })
  }

  async function shown11(user: User) {
    const { total } = await records.conversations.ofUser(user.app, user.id, { offset: 0, limit: 1, spoken: true })
    return { status: 200, body: { appUser: showAppUser(user, total > 0) } } as const
  }

  return [
    call({
      versions: ['v2'],
      method: 'POST',
      path: '/apps/{app}/users',
      handle: async ({ app, fields }) => {
        const externalId = externalIdOf(fields, 'externalId')
        const user = await create(app, externalId, detailsOf(fields, null))
        return { status: 201, body: { user: showUser(user) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'GET',
      path: '/apps/{app}/users/{user}',
      handle: async ({ app, params: { user = '' } }) => {
        return { status: 200, body: { user: showUser(await findUser(records, app, user)) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'PATCH',
      path: '/apps/{app}/users/{user}',
      handle: async ({ app, params, fields }) => {
        const before = await findUser(records, app, params.user ?? '')
        const { user } = await records.users.put({ app, id: before.id, ...detailsOf(fields, before), at: now() })
        return { status: 200, body: { user: showUser(user) } }
      },
    }),

    call({
      versions: ['v2'],
      method: 'DELETE',
      path: '/apps/{app}/users/{user}',
      handle: async ({ app, params, caller: { by } }) => {
        await deleteUser(parts, await findUser(records, app, params.user ?? ''), by)
        return { status: 200, body: {} }
      },
    }),

    call({
      versions: ['v2'],
      method: 'DELETE',
      path: '/apps/{app}/users/{user}/personalinformation',
      handle: async ({ app, params }) => {
        const { id, profile } = await findUser(records, app, params.user ?? '')
        const kept = Object.fromEntries(Object.entries(profile).filter(([name]) => IMPERSONAL.includes(name)))
        const { user } = await records.users.put({ app, id, name: null, profile: kept, metadata: {}, at: now() })
        return { status: 200, body: { user: showUser(user) } }
      },
    }),

    call({
      versions: ['v1.1'],
      method: 'POST',
      path: '/apps/{app}/appusers',
      handle: async ({ app, fields }) => {
        const externalId = externalIdOf(fields, 'userId')
        const details = detailsOf(asUnderV2(fields), null)
        return { status: 201, body: { appUser: showAppUser(await create(app, externalId, details), false) } }
      },
    }),

    call({
      versions: ['v1.1'],
      method: 'GET',
      path: '/apps/{app}/appusers/{user}',
      handle: async ({ app, params: { user = '' } }) => shown11(await findUser(records, app, user)),
    }),

    call({
      versions: ['v1.1'],
      method: 'PUT',
      path: '/apps/{app}/appusers/{user}',
      handle: async ({ app, params, fields }) => {
        const before = await findUser(records, app, params.user ?? '')
        const details = detailsOf(asUnderV2(fields), before)
        return shown11((await records.users.put({ app, id: before.id, ...details, at: now() })).user)
      },
    }),

    call({
      versions: ['v1.1'],
      method: 'DELETE',
      path: '/apps/{app}/appusers/{user}',
      handle: async ({ app, params, caller: { by } }) => {
        await deleteUser(parts, await findUser(records, app, params.user ?? ''), by)
        return { status: 200, body: {} }
      },
    }),
  ]
}

/** The id that the app chooses for a new user: the native uid. */
function externalIdOf(fields: Fields, name: string): string {
  const externalId = requiredText(fields, name)
  if (!isId(externalId)) throw wrong(name, 'should be 1 to 128 characters without / \\ % and control characters')
  return externalId
}

/** A body of v1.1, where the profile is not apart and metadata have another name. */
function asUnderV2({ properties, signedUpAt, ...profile }: Fields): Fields {
  return { profile, signedUpAt, metadata: properties }
}

/** What a body says of a user; `before` is the one who is there, null for a new one. What is left out stays, null takes it away. */
function detailsOf(fields: Fields, before: User | null): UserDetails {
  const given = objectOf(fields, 'profile') ?? {}
  const profile: Record<string, Json> = { ...before?.profile }
  for (const name of PROFILE) {
    const text = textOf(given, name, LONGEST)
    if (text !== undefined) profile[name] = text
    if (given[name] === null) delete profile[name]
  }
  const signedUpAt = textOf(fields, 'signedUpAt')
  if (signedUpAt !== undefined) profile.signedUpAt = isoOf(signedUpAt)
  const { givenName, surname } = profile
  const name = [givenName, surname].filter((part) => typeof part === 'string' && part !== '').join(' ')
  const renamed = given.givenName !== undefined || given.surname !== undefined
  return {
    profile,
    metadata: metadataOf(fields, 'metadata', before?.metadata),
    ...(renamed && { name: name === '' ? null : name.slice(0, 256) }),
  }
}

function isoOf(text: string): string {
  const time = Date.parse(text)
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || !Number.isFinite(time))
    throw failure('badRequest', '\'signedUpAt\' should match format "date-time"')
  return new Date(time).toISOString()
}
