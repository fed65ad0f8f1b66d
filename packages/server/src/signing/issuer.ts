import { randomBytes } from 'node:crypto'
import type { JsonObject } from '@gatehouse/core/json'
import { signJwt } from '@gatehouse/core/jwt'
import type { Primitives } from '@gatehouse/core/primitives'
import type { Issuer } from '../parts.ts'
import type { GrantKeys } from './grant-keys.ts'

/** Creates the issuer of grant tokens. `sequence` tells the place in the order of standing changes, which goes into each token. */
export function createIssuer(grantKeys: GrantKeys, primitives: Primitives, sequence: () => number): Issuer {
  return {
    async grantToken({ subject, grants, issuedAt, expiresAt, key }) {
      const id = randomBytes(12).toString('hex')
      const claims = {
        iss: key,
        ...(subject === null ? {} : { sub: subject }),
        grants,
        iat: Math.floor(issuedAt / 1000),
        exp: Math.floor(expiresAt / 1000),
        jti: id,
        seq: sequence(),
      } as JsonObject
      return { token: signJwt(claims, grantKeys.active.signing, primitives), id }
    },
    async jwks() {
      return { keys: grantKeys.all.map((key) => key.jwk) }
    },
  }
}
