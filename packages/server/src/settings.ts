import { type Static, Type } from 'typebox'

/**
 * The settings of an app as the native API shows them. Every one has a default, so that an app's stored settings may be
 * empty. Durations are seconds, sizes bytes.
 */
export const Settings = Type.Object(
  {
    tokenizedMedia: Type.Boolean({
      default: true,
      description: 'Attachments shared from now on are private; those shared while it was off stay as they were.',
    }),
    attachmentsAccess: Type.Union([Type.Literal('private'), Type.Literal('public')], {
      default: 'private',
      description: 'Access of attachments that arrive without saying; the stricter of this and tokenizedMedia wins.',
    }),
    mediaTokenSeconds: Type.Integer({
      minimum: 1,
      maximum: 2_592_000,
      default: 7200,
      description: 'Life of media tokens.',
    }),
    linkSeconds: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      default: null,
      description:
        'How long recipient links live after the attachment was shared; null: as long as the receiver is active.',
    }),
    tokenSeconds: Type.Integer({
      minimum: 1,
      default: 2_592_000,
      description: 'The longest life of a grant token, signed here or offline.',
    }),
    loginWall: Type.Union([Type.String({ maxLength: 1024 }), Type.Null()], {
      default: null,
      description: "URL put in front of every media URL, so that viewers pass the operator's own login; null: none.",
    }),
    loginWallSecret: Type.Union(
      [Type.String({ minLength: 8, maxLength: 256, pattern: '^[\\x21-\\x7e]+$' }), Type.Null()],
      {
        default: null,
        description:
          'The word that the login wall says in the header X-Gatehouse-Wall; what opens media for one user opens nothing ' +
          'without it. Kept and shown as its SHA-256 only (sha256:…); null: none is asked for.',
      },
    ),
    cometchatLinks: Type.Union([Type.Literal('recipient'), Type.Literal('session')], {
      default: 'recipient',
      description:
        'How messages of the CometChat surface name media: recipient: each with the token of its reader; session: without any, and the ' +
        "client adds its session's own.",
    }),
    revokeOnLeave: Type.Union([Type.Boolean(), Type.Null()], {
      default: null,
      description:
        'Whether leaving a conversation takes away access to what was shared there; null: off for the native API.',
    }),
    historyForNewMembers: Type.Boolean({
      default: false,
      description: 'Whether members who join a conversation later see, and receive, what was shared there before.',
    }),
    allowedOrigins: Type.Array(Type.String({ maxLength: 256 }), {
      default: [],
      maxItems: 100,
      description: 'Origins whose pages may read media and answers by script (CORS), each as scheme://host[:port].',
    }),
    allowedExtensions: Type.Union(
      [Type.Array(Type.String({ pattern: '^[a-z0-9]{1,16}$' }), { maxItems: 200 }), Type.Null()],
      {
        default: null,
        description:
          'Extensions of the files that may be shared, lower-case and without dots; what the bytes show has to be listed, too. null: any file.',
      },
    ),
    maxUploadBytes: Type.Integer({ minimum: 1, default: 1_073_741_824, description: 'The largest file accepted.' }),
    quotaBytes: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      default: null,
      description: 'Bytes that the app may store in all; null: no limit.',
    }),
    quotaAttachments: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      default: null,
      description: 'Attachments that the app may keep; null: no limit.',
    }),
    noStore: Type.Boolean({
      default: false,
      description: 'Answer media with no-store, so that no browser keeps a copy even to revalidate it.',
    }),
    embedding: Type.Union([Type.Literal('cross-origin'), Type.Literal('same-site'), Type.Literal('same-origin')], {
      default: 'cross-origin',
      description: 'Cross-Origin-Resource-Policy of media: which sites may show it in their pages.',
    }),
    inlinePdf: Type.Boolean({
      default: false,
      description: 'Show PDF files in the browser instead of offering them as downloads.',
    }),
    viewDays: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
      default: 90,
      description: 'Days that the access log is kept; null: for ever.',
    }),
  },
  { additionalProperties: false },
)

/** Every setting with its value. */
export type Settings = Static<typeof Settings>

/** What a caller may send: any part; null resets a setting to its default. */
export type SettingsPatch = { readonly [Name in keyof Settings]?: Settings[Name] | null }

/** The settings of a new app. */
export const DEFAULT_SETTINGS: Settings = Object.freeze(
  Object.fromEntries(
    Object.entries(Settings.properties).map(([name, schema]) => [
      name,
      (schema as unknown as { default: unknown }).default,
    ]),
  ),
) as Settings

/** Stored settings with defaults filled in. Unknown names (of a later version) are left out. */
export function settingsOf(stored: Readonly<Record<string, unknown>>): Settings {
  const entries = Object.keys(DEFAULT_SETTINGS).map((name) => {
    const value = stored[name]
    return [name, value === undefined || value === null ? DEFAULT_SETTINGS[name as keyof Settings] : value]
  })
  return Object.fromEntries(entries) as Settings
}
