import { randomBytes } from 'node:crypto'
import { signJwt } from '@gatehouse/core/jwt'
import { createNodePrimitives, secretKey } from '@gatehouse/core/node-primitives'
import type { GrantView, IssuedToken } from './answers.ts'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'

/**
 * Signs a grant token with an API key, without a server: HS256 with the key's secret, `kid` its id, claims
 * `sub? seq? grants iat exp jti`; `sequence` is the last change of standing that the signer knows of, without which a token counts as issued
 * before every revocation. Raises {@link Failure} (`usage`) where the key is no `id:secret`.
 */
export function signOffline(wanted: {
  readonly key: string | null
  readonly subject: string | null
  readonly sequence?: number
  readonly grants: readonly GrantView[]
  readonly seconds: number
}): IssuedToken {
  const [, kid, secret] = /^([^:]+):(.+)$/.exec(wanted.key ?? '') ?? []
  if (kid === undefined || secret === undefined) {
    throw new Failure(EXIT.usage, 'key_missing', 'Signing offline needs an API key as id:secret.', {
      cure: 'Give it with --key or GATEHOUSE_KEY; `gatehouse key create` makes one.',
    })
  }
  const issued = Math.floor(Date.now() / 1000)
  const expires = issued + wanted.seconds
  const id = randomBytes(12).toString('hex')
  const claims = {
    ...(wanted.subject === null ? {} : { sub: wanted.subject }),
    ...(wanted.sequence === undefined ? {} : { seq: wanted.sequence }),
    grants: wanted.grants.map(({ actions, resource, limits }) => ({
      actions: [...actions],
      resource,
      ...(limits === undefined ? {} : { limits: limits as Record<string, never> }),
    })),
    iat: issued,
    exp: expires,
    jti: id,
  }
  const token = signJwt(claims, { kid, alg: 'HS256', handle: secretKey(secret) }, createNodePrimitives())
  return { token, id, expiresAt: new Date(expires * 1000).toISOString() }
}
