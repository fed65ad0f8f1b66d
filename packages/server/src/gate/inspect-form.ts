import type { Decision } from '@gatehouse/core/decide'
import type { Step } from '@gatehouse/core/explain'
import { readJwt, readPayload } from '@gatehouse/core/jwt'
import { readLink } from '@gatehouse/core/link'
import { readPass } from '@gatehouse/core/pass'
import { isProblem } from '@gatehouse/core/problem'
import { REASONS } from '@gatehouse/core/reasons'
import type { Resource } from '@gatehouse/core/resource'
import { readService } from '@gatehouse/core/service'
import type { KnownMediaKey } from '../signing/media-keys.ts'
import type { Credential } from './credential.ts'
import type { Verified } from './judgement.ts'

/** Every step of the way that a token takes through the gate, and how it ends. */
export type Inspection = {
  readonly kind: string
  readonly header: Readonly<Record<string, unknown>> | null
  readonly claims: Readonly<Record<string, unknown>> | null
  readonly key: {
    readonly id: string
    readonly state: 'active' | 'deactivated' | 'unknown' | KnownMediaKey['state']
  } | null
  readonly verified: boolean
  readonly decision: ReturnType<typeof tell>
  readonly steps: readonly Step[]
  /** What the token, or the key that it names in vain, and the place belong to: whoever asks has to be allowed to manage it all. */
  readonly owners: readonly Resource[]
}

/** What a token looks like, before anything of it is verified. */
export type TokenForm = 'link' | 'pass' | 'service' | 'presigned' | 'key-jwt' | 'jwt' | 'secret'

/** A token that somebody asks about, as it was read. `jws` is null for what is no JWS at all. */
export type ReadToken = {
  readonly form: TokenForm
  readonly jws: ReturnType<typeof readJwt> | null
  /** As what it is shown to the gate. */
  readonly credential: Credential
}

/** Reads a token as what it looks like. */
export function readToken(text: string): ReadToken {
  if (text.includes('.')) return readJws(text)
  if (readLink(text) !== null) return { form: 'link', jws: null, credential: { form: 'query', text } }
  if (readPass(text) !== null) return { form: 'pass', jws: null, credential: { form: 'mac', text } }
  if (readService(text) !== null) return { form: 'service', jws: null, credential: { form: 'mac', text } }
  return { form: 'secret', jws: null, credential: { form: 'bearer', text } }
}

/** A JWT of a key stands at the doors of surfaces, in place of the key; its claims tell it from what else a key signs. */
function readJws(text: string): ReadToken {
  const jws = readJwt(text)
  const claims = isProblem(jws) ? jws : readPayload(jws.payload)
  const ofKey = !isProblem(claims) && Object.hasOwn(claims, 'scope') && !Object.hasOwn(claims, 'grants')
  return ofKey
    ? { form: 'key-jwt', jws, credential: { form: 'key-jwt', text } }
    : { form: 'jwt', jws, credential: { form: 'bearer', text } }
}

/** Reads a credential out of a URL. What it looks like is not what decides: the gate takes it as what it was found as. */
export function readCredential(credential: Credential): ReadToken {
  if (credential.form === 'presigned') return { form: 'presigned', jws: null, credential }
  return 'text' in credential
    ? { ...readToken(credential.text), credential }
    : { form: 'secret', jws: null, credential }
}

const NAMES: Readonly<Record<TokenForm, string>> = {
  link: 'A recipient link',
  pass: 'A media pass of a login session',
  service: 'A service token',
  presigned: 'A pre-signed URL',
  'key-jwt': 'A JWT with which an API key speaks for itself',
  jwt: 'A compact JWS (RFC 7515)',
  secret: 'The secret of an API key or a login session, or nothing known',
}

/** The first step: what form the token has. */
export function formStep({ form, jws }: ReadToken): Step {
  if (jws !== null && isProblem(jws)) return { check: 'form', outcome: 'fail', detail: jws.detail }
  return { check: 'form', outcome: 'pass', detail: `${NAMES[form]}.` }
}

/** The step of what is genuine. */
export const PROVEN: Step = Object.freeze({
  check: 'proof',
  outcome: 'pass',
  detail: 'The signature, MAC or secret holds.',
})

/** A decision as the inspector tells it. */
export function tell(decision: Decision): {
  readonly allow: boolean
  readonly reason: string
  readonly sentence: string
} {
  if (decision.allow) return { allow: true, reason: 'ok', sentence: 'The gate lets this access through.' }
  return { allow: false, reason: decision.reason, sentence: REASONS[decision.reason].sentence }
}

/** The second step: whether it is genuine. `placed` is whether it was said where it is shown. */
export function proofStep({ form }: ReadToken, verified: Verified, placed: boolean): Step {
  if (verified.ok) return PROVEN
  const bound = placed ? undefined : BOUND[form]
  return { check: 'proof', outcome: 'fail', detail: bound ?? REASONS[verified.reason].sentence }
}

/** What cannot be verified without knowing where it is shown. */
const BOUND: { readonly [F in TokenForm]?: string } = {
  link: 'A recipient link is bound to one attachment: tell the URL that it belongs to.',
  pass: 'A media pass is bound to one app: tell the URL of an attachment that it is shown for.',
  service: 'A service token is bound to one attachment: tell the URL that it belongs to.',
}
