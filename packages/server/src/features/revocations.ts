import { readPass } from '@gatehouse/core/pass'
import { covers, parseResource, resourceOf } from '@gatehouse/core/resource'
import type { RevocationTarget } from '@gatehouse/storage/records/port'
import { type Static, Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { hashSecret } from '../gate/known-keys.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { ChangeView, showChange } from '../presenters.ts'
import { invalid, problem } from '../problems.ts'
import { Exactly, Id, List, Name, PageQuery, RevocationAnswer } from '../schemas.ts'
import { tokenId } from '../token-id.ts'

const Target = Exactly(
  {
    user: Type.Optional(Id),
    token: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 16_384,
        description: 'The id of a token, or the token itself; a login token or media pass ends its session.',
      }),
    ),
    key: Type.Optional(Id),
    session: Type.Optional(Name),
    conversation: Type.Optional(Id),
    mediaTokens: Type.Optional(Type.Literal(true, { description: 'All media tokens of the app.' })),
    resource: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    subject: Type.Optional(Id),
    issuedBefore: Type.Optional(Type.Integer({ minimum: 0, description: 'A sequence; goes with `subject`.' })),
  },
  { description: 'Exactly one target; `subject` together with `issuedBefore`.', examples: [{ user: 'alice' }] },
)

/** Revocations: what was issued so far for a target is void at once. */
export function createRevocations(parts: Parts) {
  const { records, standings, vault } = parts
  const pager = createPager(vault)

  /** The login session that a login token or a media pass belongs to, with which it ends. */
  async function sessionOf(app: string, token: string): Promise<string | null> {
    const login = await records.logins.findBySecretHash(hashSecret(token))
    if (login === null) return readPass(token)?.session ?? null
    if (login.app !== app) throw problem('not_found', 'There is no such login session in this app.')
    return login.id
  }

  async function targetOf(app: string, body: Static<typeof Target>): Promise<RevocationTarget> {
    const { subject, issuedBefore, ...single } = body
    const named = Object.keys(single)
    if (
      named.length + (subject === undefined ? 0 : 1) !== 1 ||
      (subject === undefined) !== (issuedBefore === undefined)
    ) {
      throw invalid({ path: '/', message: 'must name exactly one target (subject together with issuedBefore)' })
    }
    if (subject !== undefined && issuedBefore !== undefined) return { subject, issuedBefore }
    const { user, token, key, session, conversation, mediaTokens, resource } = single
    if (mediaTokens === true) return { media: true }
    if (user !== undefined) return { user }
    if (session !== undefined) return { session }
    if (conversation !== undefined) return { conversation }
    if (key !== undefined) {
      if ((await records.keys.find(key))?.app !== app) throw problem('not_found', 'There is no such key in this app.')
      return { key }
    }
    if (token !== undefined) {
      const session = await sessionOf(app, token)
      if (session !== null) return { session }
      const id = tokenId(token)
      if (id === null) throw invalid({ path: '/token', message: 'holds no id; revoke its subject, key or resource' })
      return { token: id }
    }
    const place = parseResource(resource ?? '')
    if (place === null || !covers(resourceOf('apps', app), place)) {
      throw invalid({ path: '/resource', message: 'must be the path of a resource of this app' })
    }
    return place.segments.length === 2 ? { app: true } : { resource: place.path }
  }

  return {
    create: endpoint({
      summary: 'Revoke what was issued for a target',
      description: 'No request that starts after the answer succeeds on any node, and open responses have been cut.',
      params: { app: Id },
      body: Target,
      answers: { 200: RevocationAnswer },
      idempotent: true,
      handle: async ({ params: { app }, body, caller: { by } }) => {
        const target = await targetOf(app, body)
        const changed = await standings.change({ kind: 'revoke', app, target }, by)
        if (changed === null) throw problem('not_found', 'There is no such thing to revoke in this app.')
        return { status: 200, body: changed.revocation }
      },
    }),

    list: endpoint({
      summary: 'List what was revoked, suspended and activated, by whom, and when',
      params: { app: Id },
      query: PageQuery,
      answers: { 200: List(ChangeView) },
      handle: async ({ params: { app }, query }) => {
        const list = `revocations ${app}`
        const page = await records.changes.list(app, pager.read(query, list))
        return { status: 200, body: pager.write(page, list, showChange) }
      },
    }),
  }
}
