import { createHash } from 'node:crypto'
import { type TSchema, Type } from 'typebox'
import { invalid, type Violation } from './problems.ts'
import { DEFAULT_SETTINGS, Settings, type SettingsPatch, settingsOf } from './settings.ts'

/** Settings as a caller sends them: any of them, each with a value or null. */
export const SettingsIn = Type.Unsafe<SettingsPatch>(
  Type.Object(
    Object.fromEntries(
      Object.entries<TSchema>(Settings.properties).map(([name, schema]) => [
        name,
        Type.Optional(Type.Union([schema, Type.Null()])),
      ]),
    ),
    { additionalProperties: false, examples: [{ tokenizedMedia: true, linkSeconds: null }] },
  ),
)

/**
 * Checks what a schema cannot say: that origins are origins, the login wall is an address, and settings go together, those that are
 * `present` and not changed included. Raises `validation_failed`.
 */
export function checkSettings(patch: SettingsPatch, present: Settings = DEFAULT_SETTINGS): void {
  const { allowedOrigins } = patch
  const { loginWall, cometchatLinks } = settingsOf({ ...present, ...patch })
  const errors: Violation[] = []
  for (const [index, origin] of (allowedOrigins ?? []).entries()) {
    if (webUrl(origin)?.origin !== origin) {
      errors.push({ path: `/settings/allowedOrigins/${index}`, message: 'must be scheme://host[:port], http or https' })
    }
  }
  if (loginWall && webUrl(loginWall) === null) {
    errors.push({ path: '/settings/loginWall', message: 'must be an http or https URL' })
  }
  // Clients of that style look for these letters, and for a query, in the text of a URL before they add their token.
  if (cometchatLinks === 'session' && loginWall !== null && /[?#]|fat/.test(loginWall)) {
    const message = 'must not hold ?, # or the letters fat while cometchatLinks is session'
    errors.push({ path: '/settings/loginWall', message })
  }
  if (errors.length > 0) throw invalid(...errors)
}

/** Settings as they are stored: of a secret only its digest, which may be sent back as it was shown. */
export function keptSettings(settings: SettingsPatch): SettingsPatch {
  const { loginWallSecret: secret } = settings
  if (typeof secret !== 'string' || DIGEST.test(secret)) return settings
  return { ...settings, loginWallSecret: `sha256:${createHash('sha256').update(secret).digest('hex')}` }
}

const DIGEST = /^sha256:[0-9a-f]{64}$/

function webUrl(text: string): URL | null {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url : null
}
