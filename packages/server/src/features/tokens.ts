import { type Static, Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { checkGrants } from '../grants.ts'
import type { Caller } from '../judge.ts'
import type { Parts } from '../parts.ts'
import { time } from '../presenters.ts'
import { problem } from '../problems.ts'
import { AnyObject, Exactly, GrantIn, Id, Nullable, Time, TimeIn } from '../schemas.ts'

/** What the inspector is asked: a token, or a URL that carries one, and the circumstances to judge it under. */
export const InspectionRequest = Exactly({
  token: Type.String({
    minLength: 1,
    maxLength: 16_384,
    description:
      'Of any kind; or a whole URL that carries one, pre-signed ones and those behind a login wall included.',
  }),
  url: Type.Optional(Type.String({ maxLength: 8192 })),
  ip: Type.Optional(Type.String({ maxLength: 64 })),
  userAgent: Type.Optional(Type.String({ maxLength: 1024 })),
  at: Type.Optional(TimeIn),
})

/** What the inspector answers. */
export const Inspection = Type.Object({
  kind: Nullable(Type.String()),
  header: Nullable(AnyObject),
  claims: Nullable(AnyObject),
  key: Nullable(Type.Object({ id: Type.String(), state: Type.String() })),
  verified: Type.Boolean(),
  decision: Nullable(Type.Object({ allow: Type.Boolean(), reason: Nullable(Type.String()), sentence: Type.String() })),
  steps: Type.Array(
    Type.Object({
      check: Type.String(),
      outcome: Type.Union([Type.Literal('pass'), Type.Literal('fail'), Type.Literal('skip')]),
      detail: Type.String(),
    }),
  ),
})

/** Tells what a token is and what the gate says of it. MUST neither store nor log the token. */
export type Inspect = (request: Static<typeof InspectionRequest>, caller: Caller) => Promise<Static<typeof Inspection>>

/** Tokens that the server signs, the keys to verify them with, and the inspector. */
export function createTokens(parts: Parts, inspect: Inspect) {
  const { issuer, tenants, now } = parts
  return {
    create: endpoint({
      summary: 'Issue a grant token',
      description:
        'A caller passes on only what it holds; the token ends at the latest after `tokenSeconds` of the app, and with the ' +
        "caller's own. Deactivating the key that asked refuses it too.",
      params: { app: Id },
      body: Exactly(
        {
          subject: Type.Optional(Nullable(Id)),
          grants: Type.Array(GrantIn, { minItems: 1, maxItems: 64 }),
          seconds: Type.Integer({ minimum: 1, maximum: 3_153_600_000 }),
        },
        {
          examples: [
            {
              subject: 'alice',
              grants: [{ actions: ['read'], resource: '/apps/0a1b2c3d4e5f60718293a4b5/conversations/team' }],
              seconds: 3600,
            },
          ],
        },
      ),
      answers: { 201: Type.Object({ token: Type.String(), id: Type.String(), expiresAt: Time }) },
      idempotent: true,
      handle: async ({ params: { app }, body, caller: { token: held, by } }) => {
        const tenant = await tenants.find(app)
        if (tenant === null) throw problem('not_found')
        const grants = checkGrants(body.grants, app, held.grants)
        const issuedAt = now()
        const end = issuedAt + Math.min(body.seconds, tenant.settings.tokenSeconds) * 1000
        const expiresAt = held.expiresAt === null ? end : Math.min(end, held.expiresAt)
        const { token, id } = await issuer.grantToken({
          app,
          subject: body.subject ?? null,
          grants,
          issuedAt,
          expiresAt,
          key: held.key ?? by,
        })
        return { status: 201, body: { token, id, expiresAt: time(expiresAt) } }
      },
    }),

    inspect: endpoint({
      summary: 'Say what a token is, and why the gate would let it in or refuse it',
      body: InspectionRequest,
      answers: { 200: Inspection },
      handle: async ({ body, caller }) => ({ status: 200, body: await inspect(body, caller) }),
    }),

    jwks: endpoint({
      summary: 'The public keys of tokens that the server signs, those retiring included (RFC 7517)',
      answers: { 200: Type.Object({ keys: Type.Array(AnyObject) }) },
      handle: async () => {
        const { keys } = await issuer.jwks()
        return { status: 200, body: { keys: keys.map((key) => ({ ...key })) } }
      },
    }),
  }
}
