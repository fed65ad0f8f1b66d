import assert from 'node:assert/strict'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { eventually, filesBelow, runGatehouse, startGatehouse, temporaryFolder } from './support/gatehouse.ts'
import { type AttachmentView, collect, createApp, expect, openApp, sendUpload, type Tenant } from './support/tenant.ts'

/**
 * Nothing that was acknowledged is lost, and nothing half done is left behind (security.md, D1, D2). Several servers are
 * killed in turns at the same time, since starting one takes longer than the work between two kills.
 */

const SERVERS = 4
const CYCLES = 75

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** What a server has acknowledged so far. */
type Ledger = {
  readonly files: Map<string, { readonly link: string; readonly sha256: string }>
  readonly deleted: Set<string>
  readonly messages: Map<string, string>
  readonly dead: Set<string>
  serial: number
}

/** Works until the server is gone; only what was answered goes into the ledger. */
async function work(app: Tenant, ledger: Ledger, stopped: () => boolean): Promise<void> {
  const acts = [
    async () => {
      const bytes = randomBytes(randomInt(0, 20) === 0 ? 800_000 : randomInt(0, 30_000))
      const made = expect(await sendUpload(app.admin, app.base, bytes), 201).json<AttachmentView>()
      assert.equal(made.sha256, sha256(bytes))
      ledger.files.set(made.id, { link: await app.link(made.id, 'ann'), sha256: made.sha256 })
    },
    async () => {
      const text = randomBytes(20).toString('hex')
      const answer = await app.admin.post(`${app.base}/messages`, {
        conversation: 'c',
        from: 'ann',
        text,
        attachments: [],
      })
      ledger.messages.set(expect(answer, 201).json<{ id: string }>().id, text)
    },
    async () => {
      const uid = `u${ledger.serial++}`
      const made = await app.upload(Buffer.from(uid), { recipients: [uid] })
      const link = await app.link(made.id, uid)
      await app.deactivate(uid)
      ledger.dead.add(link)
    },
    async () => {
      const id = [...ledger.files.keys()][randomInt(0, Math.max(1, ledger.files.size))]
      const file = id === undefined ? undefined : ledger.files.get(id)
      if (id === undefined || file === undefined) return
      // Whether a deletion that was not answered has happened is open, so it leaves the ledger first.
      ledger.files.delete(id)
      expect(await app.admin.delete(`${app.base}/attachments/${id}`), 204)
      ledger.deleted.add(id)
      ledger.dead.add(file.link)
    },
  ]
  while (!stopped()) {
    try {
      await acts[[0, 0, 0, 1, 1, 2, 3][randomInt(0, 7)] ?? 0]?.()
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

async function verify(app: Tenant, ledger: Ledger, files: readonly string[]): Promise<void> {
  for (const id of files) {
    const kept = ledger.files.get(id)
    if (kept === undefined) continue
    const answer = expect(await app.bare.get(kept.link), 200)
    assert.equal(sha256(answer.body), kept.sha256, 'an acknowledged file has other bytes')
  }
  for (const link of [...ledger.dead].slice(-20)) expect(await app.bare.get(link), 401, 403, 404)
}

test(`${SERVERS * CYCLES} kills lose nothing that was acknowledged and leave nothing behind`, {
  timeout: 1_700_000,
}, async (t) => {
  await Promise.all(Array.from({ length: SERVERS }, () => torment(t)))
})

async function torment(t: TestContext): Promise<void> {
  const data = temporaryFolder()
  const ledger: Ledger = { files: new Map(), deleted: new Set(), messages: new Map(), dead: new Set(), serial: 0 }
  let id = ''
  for (let cycle = 0; cycle < CYCLES && !t.signal.aborted; cycle++) {
    const house = await startGatehouse({ data })
    t.after(house.kill)
    const app = id === '' ? await createApp(house.admin) : openApp(house.admin, id)
    if (id === '') await app.conversation('c', ['ann', 'bob'])
    id = app.id
    await verify(app, ledger, [...ledger.files.keys()].slice(-15))
    let over = false
    const workers = Array.from({ length: 3 }, () => work(app, ledger, () => over))
    // The kill comes after a random number of further writes, wherever the workers are just then.
    const goal = ledger.files.size + ledger.messages.size + ledger.serial + randomInt(0, 8)
    await Promise.race([
      Promise.all(workers),
      eventually('some work', () => ledger.files.size + ledger.messages.size + ledger.serial >= goal || undefined),
    ])
    await house.kill()
    over = true
    await Promise.all(workers)
  }
  await settle(t, data, id, ledger)
}

/** The last start: everything is there, and after the sweep (two days later, so that every grace time has passed) nothing else is. */
async function settle(t: TestContext, data: string, id: string, ledger: Ledger): Promise<void> {
  const house = await startGatehouse({ data, faketime: '+2d' })
  t.after(house.kill)
  const app = openApp(house.admin, id)
  await verify(app, ledger, [...ledger.files.keys()])
  for (const deleted of ledger.deleted) expect(await app.admin.get(`${app.base}/attachments/${deleted}`), 404)
  const messages = await collect<{ id: string; text: string }>(app.admin, `${app.base}/conversations/c/messages`)
  const texts = new Map(messages.map((message) => [message.id, message.text]))
  for (const [message, text] of ledger.messages)
    assert.equal(texts.get(message), text, 'an acknowledged message is lost')
  await eventually('the sweep', () => temporary(data).length === 0 || undefined)
  await house.stop()
  const check = runGatehouse(['check', '--data', data, '--json'])
  assert.equal((await check.exited).code, 0, `gatehouse check found something:\n${check.stdout()}${check.stderr()}`)
  JSON.parse(check.stdout())
}

/** Files that an upload has not finished: outside the database, with a name of the kind. */
function temporary(data: string): string[] {
  return filesBelow(data).filter((file) => /(^|\/|\.)(tmp|temp|part|partial|incoming|uploads?)(\/|\.|$)/i.test(file))
}
