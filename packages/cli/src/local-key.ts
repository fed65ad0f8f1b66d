import { ACTIONS } from '@gatehouse/core/access'
import type { Config } from '@gatehouse/server/config'
import { hashSecret } from '@gatehouse/server/gate/known-keys'
import { makeDataFolder, openRecords } from '@gatehouse/server/open-storage'
import { newId, newKeySecret } from '@gatehouse/server/secrets'
import { openGrantKeys } from '@gatehouse/server/signing/grant-keys'
import { findMasterKey } from '@gatehouse/server/signing/master-key'
import { createVault } from '@gatehouse/server/signing/vault'
import type { GrantJson } from '@gatehouse/storage/records/port'
import type { GrantView, KeyView } from './answers.ts'
import { masterKeyFindings } from './doctor/master-key.ts'
import { EXIT } from './exit-code.ts'
import { Failure } from './failure.ts'
import { refuseUpgrade } from './upgrade-note.ts'

/**
 * Makes an API key in the data folder or database that the configuration names, without a server: account-wide where no app is
 * named. Whoever may do this holds the data folder anyway. Servers that run see the key at once.
 *
 * Refuses, and makes and changes nothing, where the master key is not the one that the database was made with, or is gone. A database
 * that has seen none yet is bound to this one, as by the first start of a server. Refuses a database of an older version, too: a server of that
 * version may be at work on it.
 */
export async function createLocalKey(
  config: Config,
  wanted: {
    readonly name: string
    readonly app?: string
    readonly seconds?: number
    readonly grants: readonly GrantView[] | undefined
  },
): Promise<KeyView> {
  await makeDataFolder(config.data)
  const records = await openRecords(config, refuseUpgrade)
  try {
    const [wrong] = await masterKeyFindings(config, records, { apps: [], keys: [] })
    if (wrong !== undefined) throw new Failure(EXIT.failed, wrong.code, wrong.sentence, { cure: wrong.cure })
    const vault = createVault(await findMasterKey(config.masterKey, config.data))
    await openGrantKeys(records, vault)
    const app = wanted.app ?? null
    if (app !== null && (await records.apps.find(app)) === null) {
      throw new Failure(EXIT.failed, 'not_found', `There is no app ${app}.`)
    }
    const resource = app === null ? '/' : `/apps/${encodeURIComponent(app)}`
    const grants = (wanted.grants as readonly GrantJson[] | undefined) ?? [{ actions: ACTIONS, resource }]
    const secret = newKeySecret()
    const at = Date.now()
    const key = await records.keys.create({
      id: newId(),
      app,
      name: wanted.name,
      grants,
      secretHash: hashSecret(secret),
      sealedSecret: vault.seal(Buffer.from(secret), 'api-key'),
      expiresAt: wanted.seconds === undefined ? null : at + wanted.seconds * 1000,
      at,
    })
    const { id, name, status } = key
    return {
      id,
      secret,
      name,
      grants: grants as readonly GrantView[],
      status,
      createdAt: new Date(key.createdAt).toISOString(),
    }
  } finally {
    await records.close()
  }
}
