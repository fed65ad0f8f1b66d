import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ACTIONS, type Action } from '@gatehouse/core/access'
import type { Grant } from '@gatehouse/core/grant'
import { createNodePrimitives } from '@gatehouse/core/node-primitives'
import { covers, ROOT } from '@gatehouse/core/resource'
import { attest } from '@gatehouse/core/token'
import { openDiskBlobs } from '@gatehouse/storage/blobs/disk'
import { openSqliteRecords } from '@gatehouse/storage/records/sqlite'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { createApi } from '../src/api.ts'
import { readConfig } from '../src/config.ts'
import { refusal } from '../src/gate/refuse.ts'
import type { Ask, Judge } from '../src/judge.ts'
import { exposeOwn } from '../src/metrics.ts'
import { createOutgoing } from '../src/outgoing/outgoing.ts'
import type { Parts } from '../src/parts.ts'
import { createPasswords } from '../src/password.ts'
import { openGrantKeys } from '../src/signing/grant-keys.ts'
import { createIssuer } from '../src/signing/issuer.ts'
import { createKeyMaker } from '../src/signing/key-maker.ts'
import { createLinkKeys, createLinks } from '../src/signing/links.ts'
import { createMediaKeyring } from '../src/signing/media-keys.ts'
import { createMediaIssuer } from '../src/signing/media-tokens.ts'
import { createVault } from '../src/signing/vault.ts'
import { applyChange } from '../src/standing/apply.ts'
import { createBoard, createSharedMarks } from '../src/standing/board.ts'
import { createOpenResponses } from '../src/standing/open-responses.ts'
import { createStandings } from '../src/standing/standings.ts'
import { createTenants } from '../src/tenants.ts'

/** The API over a real database and a real folder; only the gate is a stand-in, which tests steer. */
export type ApiFixture = {
  readonly api: FastifyInstance
  readonly parts: Parts
  readonly folder: string
  /** What the gate was asked, newest last. */
  readonly asked: Ask[]
  /** Who calls from now on: what they hold. Nobody at all with null. */
  as(grants: readonly Grant[] | null): void
  setDraining(draining: boolean): void
  /** A JSON call. */
  call(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Called>
  close(): Promise<void>
}

/** An answer with its body read as JSON (null where there is none). */
export type Called = {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly body: any
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly text: string
}

/** A grant of everything. */
export const EVERYTHING: readonly Grant[] = [{ actions: ACTIONS, resource: ROOT, limits: {} }]

/** Opens everything in a folder of its own, that `close` removes. */
export async function openApi(): Promise<ApiFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-api-'))
  const records = await openSqliteRecords({ file: join(folder, 'gatehouse.db') })
  const blobs = await openDiskBlobs({ folder, reserveBytes: 0 })
  const vault = createVault(Buffer.alloc(32, 7))
  const primitives = createNodePrimitives()
  const tenants = createTenants(records)
  const board = createBoard(createSharedMarks())
  const nothing = () => {}
  const memories = {
    board,
    openResponses: createOpenResponses(),
    forgetApp: tenants.forget,
    forgetKeys: nothing,
    forgetLogins: nothing,
    forgetMediaKeys: () => mediaKeys.forget(),
    forgetPath: nothing,
    forgetAllPaths: nothing,
  }
  const standings = createStandings({
    records,
    applyHere: (logged) => applyChange(logged, memories, true),
    peers: [],
    from: 0,
    reserve: null,
    now: Date.now,
  })
  const keyMaker = createKeyMaker()
  const mediaKeys = createMediaKeyring({ records, vault, keyMaker, change: standings.change })
  const read = readConfig(['--public-url', 'http://media.test'], {})
  if (!read.ok) throw new Error(read.errors.join(' '))
  const parts: Parts = {
    config: read.config,
    records,
    blobs,
    standings,
    tenants,
    links: createLinks({
      tenants,
      linkKeys: createLinkKeys(vault),
      board,
      primitives,
      mediaUrl: () => 'http://media.test',
    }),
    issuer: createIssuer({
      grantKeys: await openGrantKeys(records, vault),
      mediaKeys,
      mediaTokens: createMediaIssuer({ keyring: mediaKeys, records, board, now: Date.now }),
      primitives,
      sequence: () => standings.sequence,
    }),
    vault,
    keyMaker,
    outgoing: createOutgoing({ allowLoopback: false }),
    passwords: createPasswords(records.tries, Date.now),
    log: pino({ level: 'silent' }),
    now: Date.now,
  }
  const asked: Ask[] = []
  let holding: readonly Grant[] | null = EVERYTHING
  const judge: Judge = async (_request, ask) => {
    asked.push(ask)
    if (holding === null) return { allow: false, reason: 'credential_missing' }
    const resource = ask.resource ?? ROOT
    const granted = holding.some((held) => held.actions.includes(ask.action) && covers(held.resource, resource))
    if (!granted) return { allow: false, reason: 'resource_not_granted' }
    const stillAllowed = async () => (holding === null ? 'credential_missing' : null)
    const caller = { by: 'test-key', token: tokenOf(holding), user: null, access: accessOf(ask.action), stillAllowed }
    return { allow: true, caller }
  }
  let draining = false
  const api = await createApi({
    parts,
    judge,
    version: '0.0.0',
    inspect: async ({ token }) => ({
      ...{ kind: 'secret', header: null, claims: null, key: null, verified: false, steps: [] },
      decision: { allow: false, reason: 'credential_unknown', sentence: String(token.length) },
    }),
    verify: async (_request, id) => refusal('credential_missing', id),
    metrics: exposeOwn(new Registry()),
    draining: () => draining,
  })
  await api.ready()
  return {
    api,
    parts,
    folder,
    asked,
    as(grants) {
      holding = grants
    },
    setDraining(value) {
      draining = value
    },
    async call(method, url, body, headers = {}) {
      const answer = await api.inject({
        method: method as 'GET',
        url,
        headers,
        ...(body !== undefined && { payload: body as object }),
      })
      const json = String(answer.headers['content-type'] ?? '').includes('json') && answer.body !== ''
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: answer.body,
        body: json && !answer.headers['content-type']?.toString().includes('ndjson') ? answer.json() : null,
      }
    },
    async close() {
      await api.close()
      await records.close()
      await blobs.close()
      await rm(folder, { recursive: true })
    },
  }
}

function tokenOf(grants: readonly Grant[]) {
  return attest({
    kind: 'key',
    id: null,
    app: null,
    subject: null,
    subjectSerial: null,
    key: 'test-key',
    keySerial: 1,
    session: null,
    grants,
    sequence: 0,
    issuedAt: null,
    expiresAt: null,
  })
}

function accessOf(action: Action) {
  return { action, resource: ROOT, at: Date.now(), ip: '127.0.0.1', userAgent: null, origin: null, wall: null }
}
