import { randomBytes } from 'node:crypto'
import type { JsonObject } from '@gatehouse/core/json'
import { signJwt } from '@gatehouse/core/jwt'
import type { Primitives } from '@gatehouse/core/primitives'
import type { Issuer } from '../parts.ts'
import type { GrantKeys } from './grant-keys.ts'
import type { MediaKeyring } from './media-keys.ts'
import type { MediaIssuer } from './media-tokens.ts'

/** What tokens are issued with. */
export type IssuerParts = {
  readonly grantKeys: GrantKeys
  readonly mediaKeys: MediaKeyring
  readonly mediaTokens: MediaIssuer
  readonly primitives: Primitives
  /** The place in the order of standing changes, which goes into each grant token. */
  readonly sequence: () => number
}

/** Creates the issuer of the tokens that the server signs. */
export function createIssuer({ grantKeys, mediaKeys, mediaTokens, primitives, sequence }: IssuerParts): Issuer {
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
    mediaTokens,
    async jwks() {
      const media = (await mediaKeys.all()).filter(({ state }) => state !== 'retired')
      return { keys: [...grantKeys.all, ...media].map(({ jwk }) => jwk) }
    },
  }
}
