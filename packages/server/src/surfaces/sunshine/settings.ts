import type { App, Json, SettingsJson } from '@gatehouse/storage/records/port'
import { type Fields, type Metadata, metadataOf, objectOf, truthOf, wrong } from './request.ts'

/** Where things that mean something to this surface alone stand among an app's settings. */
const PREFIX = 'sunshine.'
const METADATA = `${PREFIX}metadata`

/** Settings that are kept and shown, and change nothing (contract, section 2.4). */
const TRUTHS = [
  'maskCreditCardNumbers',
  'useAnimalNames',
  'echoPostback',
  'ignoreAutoConversationStart',
  'multiConvoEnabled',
  'appLocalizationEnabled',
] as const
const SECONDS = 'conversationRetentionSeconds'

const ACCESS = ['public', 'private'] as const
const TOKEN_SECONDS = { least: 1, most: 2_592_000 }

/** The settings of an app that are made here and left at that: public, as this vendor's are. */
export const NEW_APP: SettingsJson = { attachmentsAccess: 'public' }

/**
 * What a body says of an app's settings and metadata, as they are stored: null sets one back. `present` is the app that is there, null for a
 * new one. Raises 400.
 */
export function storedSettings(fields: Fields, present: App | null): SettingsJson {
  const given = objectOf(fields, 'settings') ?? {}
  const stored: Record<string, Json> = {}
  const { attachmentsAccess: access, attachmentsTokenExpirationSeconds: seconds } = given
  if (access !== undefined) {
    if (access !== null && !ACCESS.some((known) => known === access)) {
      throw wrong('settings.attachmentsAccess', `should be equal to one of the allowed values: ${ACCESS.join(', ')}`)
    }
    stored.attachmentsAccess = (access as string | null) ?? ACCESS[0]
  }
  if (seconds !== undefined) {
    const { least, most } = TOKEN_SECONDS
    if (seconds !== null && !isWhole(seconds, least, most)) {
      throw wrong('settings.attachmentsTokenExpirationSeconds', `should be an integer from ${least} to ${most}`)
    }
    stored.mediaTokenSeconds = seconds as number | null
  }
  for (const name of TRUTHS) {
    if (given[name] !== undefined) stored[PREFIX + name] = truthOf(given, name) ?? null
  }
  const retention = given[SECONDS]
  if (retention !== undefined) {
    if (retention !== null && !isWhole(retention, 0, Number.MAX_SAFE_INTEGER)) {
      throw wrong(`settings.${SECONDS}`, 'should be integer')
    }
    stored[PREFIX + SECONDS] = retention as number | null
  }
  const metadata = metadataOf(fields, 'metadata', present === null ? {} : keptMetadata(present))
  if (metadata !== undefined) stored[METADATA] = metadata
  return stored
}

/** The settings that are only kept, under their own names. */
export function keptSettings({ settings }: App): SettingsJson {
  const names = [...TRUTHS, SECONDS].filter((name) => settings[PREFIX + name] != null)
  return Object.fromEntries(names.map((name) => [name, settings[PREFIX + name] ?? null]))
}

/** What the app keeps with itself. */
export function keptMetadata({ settings }: App): Metadata {
  return (settings[METADATA] ?? {}) as Metadata
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
}
