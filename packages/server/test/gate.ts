import { randomBytes } from 'node:crypto'
import { createNodePrimitives } from '@gatehouse/core/node-primitives'
import { parseResource, resourceOf } from '@gatehouse/core/resource'
import type { TokenKind } from '@gatehouse/core/token'
import { openMemoryRecords } from '@gatehouse/storage/records/memory'
import type { Attachment, Change, LoginSession, Records } from '@gatehouse/storage/records/port'
import { createCatalogue } from '../src/catalogue.ts'
import type { Credential } from '../src/gate/credential.ts'
import { createGate, type Gate } from '../src/gate/gate.ts'
import { createInspector, type Inspector } from '../src/gate/inspect.ts'
import { type Judgement, NO_FACTS } from '../src/gate/judgement.ts'
import { createKnownKeys, hashSecret } from '../src/gate/known-keys.ts'
import { createKnownLogins } from '../src/gate/known-logins.ts'
import { createThrottle } from '../src/gate/throttle.ts'
import { createVerifier } from '../src/gate/verify.ts'
import { createKeyedVerifier } from '../src/gate/verify-keyed.ts'
import type { LinkMaker, Tenant } from '../src/parts.ts'
import { createReceives } from '../src/receivers.ts'
import { newAttachmentKey, newId } from '../src/secrets.ts'
import { openGrantKeys } from '../src/signing/grant-keys.ts'
import { createKeyMaker } from '../src/signing/key-maker.ts'
import { createLinkKeys, createLinks, LINK_KEY_PURPOSE } from '../src/signing/links.ts'
import { createMediaKeyring, type MediaKeyParts } from '../src/signing/media-keys.ts'
import { createMediaIssuer } from '../src/signing/media-tokens.ts'
import { createVault } from '../src/signing/vault.ts'
import { applyChange } from '../src/standing/apply.ts'
import { createBoard, createSharedMarks } from '../src/standing/board.ts'
import { createOpenResponses } from '../src/standing/open-responses.ts'
import { createStandings } from '../src/standing/standings.ts'
import { ALONE } from '../src/standing/trust.ts'
import { dialect } from '../src/surfaces/cometchat/dialect.ts'
import { createTenants } from '../src/tenants.ts'

/** The gate over records in memory, with the log of changes behind it and a clock that tests set; nothing is a stand-in. */
export type GateFixture = {
  readonly records: Records
  readonly gate: Gate
  /** A media token for each path. */
  media(app: string, ...paths: readonly string[]): Promise<readonly string[]>
  readonly mediaKeys: MediaKeyParts
  /** Over the very parts of the gate. */
  readonly inspector: Inspector
  /** Milliseconds; the gate's present. */
  clock: number
  /** Makes an app. */
  app(id: string, settings?: Record<string, never>): Promise<void>
  tenant(app: string): Promise<Tenant>
  links(app: string): Promise<LinkMaker>
  change(change: Change): Promise<void>
  /** Makes users who are not there yet members of a group. */
  group(app: string, id: string, members: readonly string[]): Promise<void>
  /** A private attachment; `conversation` null: outside of any. */
  share(app: string, conversation: string | null, more?: Partial<Attachment>): Promise<Attachment>
  /** A key of an app (null: account-wide), with its secret; it may end. */
  key(
    app: string | null,
    grants: readonly { actions: string[]; resource: string; limits?: never }[],
    expiresAt?: number,
  ): Promise<KeyOf>
  login(app: string, user: string): Promise<LoginOf>
  /** What the gate says to this credential at a path; `ok`, or the reason. */
  read(
    path: string,
    credential: Credential,
    more?: { headers?: Record<string, string>; address?: string },
  ): Promise<string>
  /** The same at an app, with an action, through a surface's door. */
  call(app: string, action: 'read' | 'write' | 'manage', credential: Credential, accepts: TokenKind[]): Promise<string>
  close(): Promise<void>
}

/** An API key with its secret. */
export type KeyOf = { readonly id: string; readonly serial: number; readonly secret: string }

/** A login session with its secret. */
export type LoginOf = LoginSession & { readonly secret: string }

const MEDIA: readonly TokenKind[] = ['link', 'grant', 'key', 'media', 'pass', 'presigned', 'service']

/** Opens the gate. */
export async function openGate(admin: { id: string; secret: string } | null = null): Promise<GateFixture> {
  const records = await openMemoryRecords()
  const vault = createVault(randomBytes(32))
  const primitives = createNodePrimitives()
  const tenants = createTenants(records)
  const catalogue = createCatalogue(records, tenants)
  const board = createBoard(createSharedMarks())
  const keys = createKnownKeys(records, vault, admin)
  const logins = createKnownLogins(records.logins)
  const linkKeys = createLinkKeys(vault)
  const memories = {
    board,
    openResponses: createOpenResponses(),
    forgetApp: tenants.forget,
    forgetKeys: keys.forget,
    forgetLogins: logins.forget,
    forgetMediaKeys: () => mediaKeys.forget(),
    forgetPath: catalogue.forget,
    forgetAllPaths: catalogue.forgetAll,
  }
  const standings = createStandings({
    records,
    applyHere: (logged) => applyChange(logged, memories, true),
    peers: [],
    from: 0,
    reserve: null,
    now: () => fixture.clock,
  })
  const grantKeys = await openGrantKeys(records, vault)
  const keyParts = { records, vault, keyMaker: createKeyMaker(), change: standings.change }
  const mediaKeys = createMediaKeyring(keyParts)
  const mediaTokens = createMediaIssuer({ keyring: mediaKeys, records, board, now: () => fixture.clock })
  const keyed = createKeyedVerifier({ keys, linkKeys, primitives })
  const verifier = createVerifier({
    ...{ keys, logins, grantKeys, mediaKeys, keyed, primitives },
    sequence: () => standings.sequence,
    mediaSequence: board.mediaSequence,
  })
  const receives = createReceives(records)
  const gate = createGate({
    verifier,
    board,
    uses: records.uses,
    receives,
    throttle: createThrottle(0),
    trust: ALONE,
    now: () => fixture.clock,
  })
  const makers = createLinks({ tenants, linkKeys, board, primitives, mediaUrl: () => 'https://media.test' })
  const told = ({ decision }: Judgement) => (decision.allow ? 'ok' : decision.reason)

  const fixture: GateFixture = {
    records,
    gate,
    inspector: createInspector({
      ...{ verifier, keys, mediaKeys, logins, receives, catalogue, tenants, board, primitives },
      dialects: [dialect],
    }),
    clock: 1_700_000_000_000,
    mediaKeys: keyParts,
    media: async (app, ...paths) => {
      const { settings } = await fixture.tenant(app)
      const resources = paths.flatMap((path) => parseResource(path) ?? [])
      return mediaTokens({ app, resources, seconds: settings.mediaTokenSeconds, notAfter: null })
    },
    async app(id, settings = {}) {
      const linkKey = vault.seal(randomBytes(32), LINK_KEY_PURPOSE)
      await records.apps.create({ id, name: id, settings, linkKey, at: fixture.clock })
    },
    async tenant(app) {
      const tenant = await tenants.find(app)
      if (tenant === null) throw new Error('no such app')
      return tenant
    },
    links: async (app) => makers.by(await fixture.tenant(app)),
    async change(change) {
      const sealed = change.kind === 'link-key' ? { linkKey: vault.seal(change.linkKey, LINK_KEY_PURPOSE) } : {}
      const changed = await standings.change({ ...change, ...sealed }, 'test')
      if (changed === null) throw new Error('nothing to change')
    },
    async group(app, id, members) {
      await records.conversations.put({ app, id, type: 'group', members, at: fixture.clock })
    },
    share: (app, conversation, more = {}) =>
      records.attachments.create({
        app,
        id: newId(),
        path: resourceOf(
          'apps',
          app,
          ...(conversation === null ? [] : ['conversations', conversation]),
          newAttachmentKey(),
          'a.png',
        ).path,
        conversation,
        filename: 'a.png',
        contentType: 'image/png',
        size: 1,
        sha256: '00'.repeat(32),
        access: 'private',
        blob: newId(),
        from: null,
        recipients: null,
        at: fixture.clock,
        ...more,
      }),
    async key(app, grants, expiresAt) {
      const secret = `gh_${randomBytes(32).toString('base64url')}`
      const sealedSecret = vault.seal(Buffer.from(secret), 'api-key')
      const made = {
        id: newId(),
        app,
        name: 'test',
        grants,
        secretHash: hashSecret(secret),
        sealedSecret,
        expiresAt: expiresAt ?? null,
      }
      const { id, serial } = await records.keys.create({ ...made, at: fixture.clock })
      return { id, serial, secret }
    },
    async login(app, user) {
      const secret = `${user}_17${randomBytes(24).toString('hex')}`
      const made = await records.logins.create({
        app,
        id: newId(),
        user,
        secretHash: hashSecret(secret),
        at: fixture.clock,
      })
      if (made === null) throw new Error('no such user')
      return { ...made.login, secret }
    },
    async read(path, credential, { headers = {}, address = '192.0.2.7' } = {}) {
      const resource = parseResource(path)
      if (resource === null) throw new Error('no path')
      const entry = await catalogue.find(resource)
      const facts = entry.attachment === null ? NO_FACTS : entry.facts
      const judgement = await gate.judge({
        head: { headers, rawHeaders: [] },
        query: '',
        action: 'read',
        resource,
        address,
        facts,
        tenant: entry.tenant,
        accepts: MEDIA,
        found: { outcome: 'found', candidates: [credential] },
        view: 'begins',
      })
      // What is asked again on the same token must come out the same.
      const again = judgement.decision.allow ? gate.again(judgement, facts, entry.tenant) : judgement
      if (told(again) !== told(judgement)) throw new Error(`${told(judgement)}, and again ${told(again)}`)
      return told(judgement)
    },
    async call(app, action, credential, accepts) {
      const judgement = await gate.judge({
        head: { headers: {}, rawHeaders: [] },
        query: null,
        action,
        resource: resourceOf('apps', app),
        address: '192.0.2.7',
        facts: NO_FACTS,
        tenant: await tenants.find(app),
        accepts,
        found: { outcome: 'found', candidates: [credential] },
        view: 'begins',
      })
      return told(judgement)
    },
    close: () => records.close(),
  }
  return fixture
}
