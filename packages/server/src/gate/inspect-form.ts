import type { Step } from '@gatehouse/core/explain'
import { readJwt } from '@gatehouse/core/jwt'
import { readLink } from '@gatehouse/core/link'
import { readPass } from '@gatehouse/core/pass'
import { isProblem } from '@gatehouse/core/problem'
import { REASONS } from '@gatehouse/core/reasons'
import { readService } from '@gatehouse/core/service'
import type { Credential } from './credential.ts'
import type { Verified } from './judgement.ts'

/** What a token looks like, before anything of it is verified. */
export type TokenForm = 'link' | 'pass' | 'service' | 'jwt' | 'secret'

/** A token that somebody asks about, as it was read. `jws` is null for what is no JWS at all. */
export type ReadToken = {
  readonly form: TokenForm
  readonly jws: ReturnType<typeof readJwt> | null
  /** As what it is shown to the gate. */
  readonly credential: Credential
}

/** Reads a token as what it looks like. */
export function readToken(text: string): ReadToken {
  if (text.includes('.')) return { form: 'jwt', jws: readJwt(text), credential: { form: 'bearer', text } }
  if (readLink(text) !== null) return { form: 'link', jws: null, credential: { form: 'query', text } }
  if (readPass(text) !== null) return { form: 'pass', jws: null, credential: { form: 'mac', text } }
  if (readService(text) !== null) return { form: 'service', jws: null, credential: { form: 'mac', text } }
  return { form: 'secret', jws: null, credential: { form: 'bearer', text } }
}

const NAMES: Readonly<Record<TokenForm, string>> = {
  link: 'A recipient link',
  pass: 'A media pass of a login session',
  service: 'A service token',
  jwt: 'A compact JWS (RFC 7515)',
  secret: 'The secret of an API key or a login session, or nothing known',
}

/** The first step: what form the token has. */
export function formStep({ form, jws }: ReadToken): Step {
  if (jws !== null && isProblem(jws)) return { check: 'form', outcome: 'fail', detail: jws.detail }
  return { check: 'form', outcome: 'pass', detail: `${NAMES[form]}.` }
}

/** The second step: whether it is genuine. `placed` is whether it was said where it is shown. */
export function proofStep({ form }: ReadToken, verified: Verified, placed: boolean): Step {
  if (verified.ok) return { check: 'proof', outcome: 'pass', detail: 'The signature, MAC or secret holds.' }
  const bound = placed ? undefined : BOUND[form]
  return { check: 'proof', outcome: 'fail', detail: bound ?? REASONS[verified.reason].sentence }
}

/** What cannot be verified without knowing where it is shown. */
const BOUND: { readonly [F in TokenForm]?: string } = {
  link: 'A recipient link is bound to one attachment: tell the URL that it belongs to.',
  pass: 'A media pass is bound to one app: tell the URL of an attachment that it is shown for.',
  service: 'A service token is bound to one attachment: tell the URL that it belongs to.',
}
