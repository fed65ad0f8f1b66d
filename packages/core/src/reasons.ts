/** What a refusal says on the wire and in the reference. */
export type ReasonEntry = {
  /** HTTP status of the refusal. */
  readonly status: 400 | 401 | 403 | 404 | 410 | 429 | 503
  /** The error code of RFC 6750, section 3.1; null where no bearer challenge applies. */
  readonly challenge: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | null
  /** A few words, the problem's title (RFC 9457). */
  readonly title: string
  /** One sentence for the developer who reads it: what to do. */
  readonly sentence: string
}

const entry = (
  status: ReasonEntry['status'],
  challenge: ReasonEntry['challenge'],
  title: string,
  sentence: string,
): ReasonEntry => ({ status, challenge, title, sentence })

/**
 * The table of reasons: the one place that says how a refusal looks. Status and error codes follow RFC 6750, section 3.1;
 * the sentence tells a developer what to do and never repeats anything out of the credential.
 */
export const REASONS = {
  credential_missing: entry(
    401,
    null,
    'Credential required',
    'Add a recipient link (?t=…), a bearer token, a cookie or an API key to the request.',
  ),
  credential_conflict: entry(
    400,
    'invalid_request',
    'More than one credential',
    'Send exactly one credential: in the Authorization header or in the query, not both.',
  ),
  credential_malformed: entry(
    401,
    'invalid_token',
    'Credential not readable',
    'The credential is not in a form that this server knows; send it exactly as it was issued.',
  ),
  credential_unknown: entry(
    401,
    'invalid_token',
    'Credential not accepted',
    'No key or token like this is in force here; check that it was copied completely and belongs to this installation.',
  ),
  signature_invalid: entry(
    401,
    'invalid_token',
    'Credential not accepted',
    'The signature does not fit the content; issue the token again with the right key and do not change its text.',
  ),
  claims_invalid: entry(
    401,
    'invalid_token',
    'Claims not accepted',
    'The token holds claims that this kind of token must not have, or lacks one that it needs; inspect it to see which.',
  ),
  token_expired: entry(401, 'invalid_token', 'Token expired', 'The token has reached its end; issue a new one.'),
  token_not_yet_valid: entry(
    401,
    'invalid_token',
    'Token not valid yet',
    'The token begins later than now; check the clock of the machine that issued it.',
  ),
  token_revoked: entry(401, 'invalid_token', 'Token revoked', 'This token was revoked; issue a new one.'),
  issued_before_revocation: entry(
    401,
    'invalid_token',
    'Token revoked',
    'Everything issued before a revocation is void; issue a new token (one made offline says in seq how far it knows the log) or fetch a new link.',
  ),
  presigned_expired: entry(
    403,
    'insufficient_scope',
    'URL expired',
    'This pre-signed URL has reached its end; ask for a new one with the credential that it was made for.',
  ),
  session_ended: entry(
    401,
    'invalid_token',
    'Login session ended',
    'The login session that this credential belongs to has ended; log in again.',
  ),
  key_suspended: entry(
    401,
    'invalid_token',
    'Key not active',
    'The key behind this credential is deactivated; activate it or use another key.',
  ),
  key_revoked: entry(
    401,
    'invalid_token',
    'Key revoked',
    'The key behind this credential was revoked; use another key.',
  ),
  subject_suspended: entry(
    401,
    'invalid_token',
    'User not active',
    'The user whom this credential is for is deactivated; after reactivation the same credential works again.',
  ),
  subject_unknown: entry(
    401,
    'invalid_token',
    'User not known',
    'The user whom this credential is for does not exist (any more).',
  ),
  app_suspended: entry(
    403,
    'insufficient_scope',
    'App not active',
    'The app is suspended; an operator can activate it again.',
  ),
  app_unknown: entry(
    401,
    'invalid_token',
    'Credential not accepted',
    'No key or token like this is in force here; check that it was copied completely and belongs to this installation.',
  ),
  not_a_member: entry(
    403,
    'insufficient_scope',
    'No longer a member',
    'The user has left the conversation, and this app takes access away on leaving; add them again to give it back.',
  ),
  not_a_receiver: entry(
    403,
    'insufficient_scope',
    'Not a receiver',
    'The credential is good, but its user is no receiver of this attachment.',
  ),
  wall_missing: entry(
    403,
    'insufficient_scope',
    'Not through the login wall',
    "This app gives media to users through its operator's login wall only; open the URL that begins with the wall's.",
  ),
  action_not_granted: entry(
    403,
    'insufficient_scope',
    'Action not granted',
    'The credential is good, but none of its grants holds this action here; issue one that does.',
  ),
  resource_not_granted: entry(
    403,
    'insufficient_scope',
    'Resource not granted',
    'The credential is good, but none of its grants covers this resource; issue one that does.',
  ),
  kind_not_accepted: entry(
    403,
    'insufficient_scope',
    'Kind of credential not accepted here',
    'This kind of token does not open this door; see the reference for the kinds that do.',
  ),
  limit_ip: entry(
    403,
    'insufficient_scope',
    'Address not allowed',
    'The token is limited to other addresses than the one this request came from.',
  ),
  limit_user_agent: entry(
    403,
    'insufficient_scope',
    'User agent not allowed',
    'The token is limited to another user agent.',
  ),
  limit_origin: entry(
    403,
    'insufficient_scope',
    'Origin not allowed',
    'The token is limited to pages of other origins.',
  ),
  limit_not_before: entry(403, 'insufficient_scope', 'Too early', 'The grant begins later than now.'),
  limit_uses: entry(403, 'insufficient_scope', 'No use left', 'The token has been used as often as it may be.'),
  limit_preview: entry(
    403,
    'insufficient_scope',
    'Not for link previews',
    'The token has a limited number of uses, and link previews are refused so that they cost none.',
  ),
  limit_unknown: entry(
    403,
    'insufficient_scope',
    'Unknown limit',
    'The grant holds a limit that this server does not know; it denies what it cannot judge.',
  ),
  link_expired: entry(
    401,
    'invalid_token',
    'Link expired',
    'This app lets links end some time after sharing, and that time has passed.',
  ),
  too_many_bad_tokens: entry(
    429,
    null,
    'Too many refused credentials',
    'This address sent too many credentials that were refused; wait as long as Retry-After says.',
  ),
  forward_untrusted: entry(
    403,
    null,
    'Proxy not trusted',
    'Forward-auth believes exactly one of X-Original-URI and X-Forwarded-Uri, and from configured proxies only; name yours with --trusted-proxies.',
  ),
  standing_unavailable: entry(
    503,
    null,
    'Not able to decide',
    'The server cannot reach its database and gives nothing away while it cannot be sure; try again.',
  ),
} as const satisfies Record<string, ReasonEntry>

/** Why an access was denied: the stable code of a refusal. */
export type Reason = keyof typeof REASONS
