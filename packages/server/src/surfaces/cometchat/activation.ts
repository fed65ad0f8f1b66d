import type { User } from '@gatehouse/storage/records/port'
import type { Parts } from '../../parts.ts'
import { type Context, call, type SurfaceCall } from './call.ts'
import { badField } from './errors.ts'
import { findUsers } from './people.ts'
import { textsOf } from './request.ts'

/** So many users are turned by one call. */
const MOST = 25

/** The calls that deactivate users and activate them again: both name users in the body, and tell for each what came of it. */
export function createActivationCalls(parts: Parts): readonly SurfaceCall[] {
  const { records, standings } = parts

  /** Uids by what became of them, in the order they were named; empty lists are left out. */
  async function turn(
    { app, fields, caller: { by } }: Context,
    field: string,
    to: 'active' | 'suspended',
    lists: { readonly done: string; readonly already: string },
  ): Promise<Record<string, readonly string[]>> {
    const uids = textsOf(fields, field, MOST) ?? []
    if (uids.length === 0) throw badField(field, `The ${spaced(field)} field is required.`)
    const outcome: Record<string, string[]> = {}
    const note = (list: string, uid: string) => {
      outcome[list] = [...(outcome[list] ?? []), uid]
    }
    const found = await findUsers(records, app, uids, { active: false })
    // Written in any case, so that a call repeated after a fault answers once it is in force everywhere; at once, so that all go together.
    const changed = await Promise.all(
      found.map(([, user]) => user && standings.change({ kind: 'user', app, user: user.id, to }, by)),
    )
    for (const [index, [uid, user]] of found.entries()) {
      const list = user !== null && isThere(user, to) ? lists.already : lists.done
      note(changed[index] === null ? 'notFound' : list, uid)
    }
    return outcome
  }

  return [
    call({
      method: 'DELETE',
      path: '/users',
      who: 'rest',
      handle: async (context) => ({
        data: await turn(context, 'uidsToDeactivate', 'suspended', {
          done: 'deactivatedUids',
          already: 'alreadyDeactivatedUids',
        }),
      }),
    }),
    call({
      method: 'PUT',
      path: '/users',
      who: 'rest',
      handle: async (context) => ({
        data: await turn(context, 'uidsToActivate', 'active', {
          done: 'reactivatedUids',
          already: 'nonDeactivatedUids',
        }),
      }),
    }),
  ]
}

function isThere({ status }: User, to: 'active' | 'suspended'): boolean {
  return (status === 'active') === (to === 'active')
}

function spaced(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
