import { type TSchema, Type } from 'typebox'
import { invalid, type Violation } from './problems.ts'
import { Settings, type SettingsPatch } from './settings.ts'

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

/** Checks what a schema cannot say: that origins are origins and the login wall is an address. Raises `validation_failed`. */
export function checkSettings({ allowedOrigins, loginWall }: SettingsPatch): void {
  const errors: Violation[] = []
  for (const [index, origin] of (allowedOrigins ?? []).entries()) {
    if (webUrl(origin)?.origin !== origin) {
      errors.push({ path: `/settings/allowedOrigins/${index}`, message: 'must be scheme://host[:port], http or https' })
    }
  }
  if (loginWall && webUrl(loginWall) === null) {
    errors.push({ path: '/settings/loginWall', message: 'must be an http or https URL' })
  }
  if (errors.length > 0) throw invalid(...errors)
}

function webUrl(text: string): URL | null {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url : null
}
