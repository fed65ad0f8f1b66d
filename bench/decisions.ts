import { randomBytes } from 'node:crypto'
import { ACTIONS } from '@gatehouse/core/access'
import type { Grant } from '@gatehouse/core/grant'
import { createNodePrimitives } from '@gatehouse/core/node-primitives'
import { createGate, type Gate } from '@gatehouse/server/gate/gate'
import { createKnownKeys, hashSecret, type KnownKey } from '@gatehouse/server/gate/known-keys'
import { createKnownLogins } from '@gatehouse/server/gate/known-logins'
import { createThrottle } from '@gatehouse/server/gate/throttle'
import { createVerifier, type Verifier } from '@gatehouse/server/gate/verify'
import { createKeyedVerifier } from '@gatehouse/server/gate/verify-keyed'
import type { Tenant } from '@gatehouse/server/parts'
import { createReceives } from '@gatehouse/server/receivers'
import { type GrantKeys, openGrantKeys } from '@gatehouse/server/signing/grant-keys'
import { createKeyMaker } from '@gatehouse/server/signing/key-maker'
import { createLinkKeys, LINK_KEY_PURPOSE, type LinkKeys } from '@gatehouse/server/signing/links'
import { createMediaKeyring } from '@gatehouse/server/signing/media-keys'
import { createVault } from '@gatehouse/server/signing/vault'
import { createBoard, createSharedMarks } from '@gatehouse/server/standing/board'
import { ALONE } from '@gatehouse/server/standing/trust'
import { createTenants } from '@gatehouse/server/tenants'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import type { Records } from '@gatehouse/storage/records/port'

/** The gate with everything that it is made of, in this process: no socket, no file. */
export type GateAlone = {
  readonly gate: Gate
  readonly tenant: Tenant
  readonly key: KnownKey
  readonly grantKeys: GrantKeys
  readonly linkKeys: LinkKeys
  /** A verifier that remembers nothing yet. */
  readonly freshVerifier: () => Verifier
  readonly primitives: ReturnType<typeof createNodePrimitives>
  readonly close: () => Promise<void>
}

/** Puts the gate together over records in memory, with one app and one key that may do everything in it. */
export async function openGate(): Promise<GateAlone> {
  const records = await openMemoryRecords()
  const vault = createVault(randomBytes(32))
  const primitives = createNodePrimitives()
  const at = Date.now()
  const linkKey = vault.seal(randomBytes(32), LINK_KEY_PURPOSE)
  const app = await records.apps.create({ id: 'bench', name: 'bench', settings: {}, linkKey, at })
  const keys = createKnownKeys(records, vault, null)
  const key = await makeKey(records, vault, keys, app.id, at)
  const grantKeys = await openGrantKeys(records, vault)
  const linkKeys = createLinkKeys(vault)
  const board = createBoard(createSharedMarks())
  const tenant = await createTenants(records).find(app.id)
  if (tenant === null) throw new Error('the app is not there')
  const keyed = createKeyedVerifier({ keys, linkKeys, primitives })
  const logins = createKnownLogins(records.logins)
  const mediaKeys = createMediaKeyring({ records, vault, keyMaker: createKeyMaker(), change: async () => null })
  await mediaKeys.all()
  const freshVerifier = () =>
    createVerifier({
      ...{ keys, logins, grantKeys, mediaKeys, keyed, primitives },
      sequence: () => 0,
      mediaSequence: board.mediaSequence,
    })
  const gate = createGate({
    verifier: freshVerifier(),
    board,
    uses: records.uses,
    receives: createReceives(records),
    throttle: createThrottle(1000),
    trust: ALONE,
    now: Date.now,
  })
  return { gate, tenant, key, grantKeys, linkKeys, freshVerifier, primitives, close: () => records.close() }
}

async function makeKey(
  records: Records,
  vault: ReturnType<typeof createVault>,
  keys: ReturnType<typeof createKnownKeys>,
  app: string,
  at: number,
): Promise<KnownKey> {
  const secret = randomBytes(32).toString('hex')
  const grants: readonly Pick<Grant, 'actions'>[] = [{ actions: ACTIONS }]
  await records.keys.create({
    id: 'k1',
    app,
    name: 'bench',
    grants: grants.map(({ actions }) => ({ actions: [...actions], resource: `/apps/${app}` })),
    secretHash: hashSecret(secret),
    sealedSecret: vault.seal(Buffer.from(secret), 'api-key'),
    expiresAt: null,
    at,
  })
  const key = await keys.find('k1')
  if (key === null) throw new Error('the key is not there')
  return key
}
