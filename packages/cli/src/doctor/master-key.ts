import type { Config } from '@gatehouse/server/config'
import { grantKeyOpens } from '@gatehouse/server/signing/grant-keys'
import { LINK_KEY_PURPOSE } from '@gatehouse/server/signing/links'
import { readMasterKey } from '@gatehouse/server/signing/master-key'
import { MEDIA_KEY_PURPOSE } from '@gatehouse/server/signing/media-keys'
import { createVault, opens } from '@gatehouse/server/signing/vault'
import type { App, Key, Records } from '@gatehouse/storage/records/port'
import { error, type Finding, messageOf } from './finding.ts'

const WRONG = 'Give the master key that the database was made with, in GATEHOUSE_MASTER_KEY; look in your backups.'
/** Names told at most. */
const FEW = 3

const NONE_YET = 'Put the right one there; where there never was one, remove the file, and the first start makes one.'

/** Whether what lies where the master key has to be is one: for installations without a database. */
export async function unreadableKeyFindings(config: Config): Promise<readonly Finding[]> {
  const { finding } = await readKey(config, NONE_YET)
  return finding === null ? [] : [finding]
}

/** The master key, null where there is none, or what keeps it from being read. */
async function readKey(
  { masterKey, data }: Config,
  cure: string,
): Promise<{ key: Buffer | null; finding: Finding | null }> {
  try {
    return { key: await readMasterKey(masterKey, data), finding: null }
  } catch (cause) {
    const sentence = `The master key cannot be read: ${messageOf(cause)}.`
    return { key: null, finding: error('master_key_unreadable', sentence, cure) }
  }
}

/** Whether the master key is there and opens what the database holds sealed. Makes no key and changes nothing. */
export async function masterKeyFindings(
  config: Config,
  records: Records,
  { apps, keys }: { readonly apps: readonly App[]; readonly keys: readonly Key[] },
): Promise<readonly Finding[]> {
  const { key: masterKey, finding } = await readKey(config, WRONG)
  if (finding !== null) return [finding]
  // Any key will do to ask whether something is sealed at all.
  const vault = createVault(masterKey ?? new Uint8Array(32))
  const signing = await grantKeyOpens(records, vault)
  const sealed = [
    ...(signing === null ? [] : [{ what: 'the signing key of grant tokens', open: signing }]),
    ...apps.map(({ id, linkKey }) => ({
      what: `the link key of the app ${id}`,
      open: opens(vault, linkKey, LINK_KEY_PURPOSE),
    })),
    ...(await records.mediaKeys.list()).flatMap(({ id, sealed }) =>
      sealed === null ? [] : [{ what: `the key of media tokens ${id}`, open: opens(vault, sealed, MEDIA_KEY_PURPOSE) }],
    ),
    ...keys.map(({ id, sealedSecret }) => ({ what: `the API key ${id}`, open: opens(vault, sealedSecret, 'api-key') })),
  ]
  if (masterKey === null) {
    if (sealed.length === 0) return []
    const sentence = 'The master key is gone: the database holds sealed secrets, the data folder no master.key.'
    return [error('master_key_missing', sentence, WRONG)]
  }
  const closed = sealed.filter(({ open }) => !open).map(({ what }) => what)
  if (closed.length === 0) return []
  if (closed.length === sealed.length) {
    const sentence = 'The master key is not the one that this database was made with: no sealed secret opens.'
    return [error('master_key_wrong', sentence, WRONG)]
  }
  const named = closed.slice(0, FEW).join(', ') + (closed.length > FEW ? ` and ${closed.length - FEW} more` : '')
  const cure =
    'They were sealed with another master key: give that one, or make them anew (keys) and rotate them (link keys).'
  return [error('secrets_closed', `Not everything opens with the master key: ${named}.`, cure)]
}
