import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { readJws } from '@gatehouse/core/jws'
import { signJwt } from '@gatehouse/core/jwt'
import { makeLink } from '@gatehouse/core/link'
import { isProblem } from '@gatehouse/core/problem'
import { parseResource } from '@gatehouse/core/resource'
import { type GateAlone, openGate } from '../decisions.ts'
import { median, percentile, show } from '../numbers.ts'
import { alternate, middle, ratio } from '../rounds.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const LINKS = 1000
const DECISIONS = 200_000
/** Links that are each shown once. */
const FIRST = 50_000
const TOKENS = 5000
/** Ends later than any run. */
const END = 4_000_000_000

/** The gate alone, in the process of the benchmark: decisions on links, and tokens first seen and remembered. */
export const decision: Section = { name: 'decision', title: 'Decisions and tokens, in process', run }

async function run({ rounds, say }: Bench): Promise<Findings> {
  const house = await openGate()
  try {
    say('decisions')
    const decisions = measureDecisions(house)
    say('tokens')
    const hmac = await compare(house, 'HS256', rounds)
    const ed25519 = await compare(house, 'EdDSA', rounds)
    const micros = (value: number) => `${show(value)} µs`
    const percent = (value: number) => `${(100 * value).toFixed(0)} %`
    return {
      tables: [
        {
          title: 'A whole decision on a recipient link',
          columns: ['µs', `${LINKS} links in turn`, 'links that were never seen'],
          rows: [
            ['mean (CPU time)', show(decisions.mean), show(decisions.first.mean)],
            ['median', show(decisions.p50), show(decisions.first.p50)],
            ['p99', show(decisions.p99), show(decisions.first.p99)],
          ],
        },
        {
          title: 'Grant tokens, µs of CPU time each',
          columns: ['', 'raw `node:crypto`', 'first seen', 'remembered'],
          rows: [
            ['HS256', show(hmac.raw), show(hmac.first), show(hmac.remembered)],
            ['EdDSA', show(ed25519.raw), show(ed25519.first), show(ed25519.remembered)],
          ],
        },
      ],
      goals: [
        goal('a decision, mean', decisions.mean, { most: 10 }, micros),
        goal('a decision, p99', decisions.p99, { most: 50 }, micros),
        goal('a first-seen EdDSA token, beyond raw `node:crypto`', ed25519.beyond, { most: 0.25 }, percent),
        goal('a first-seen HS256 token, beyond raw `node:crypto`', hmac.beyond, { most: 0.25 }, percent),
        goal('a remembered token', Math.max(hmac.remembered, ed25519.remembered), { most: 2 }, micros),
      ],
      notes: [
        'A decision goes from the text of the path to the answer: canonical path, finding and verifying the link, scope, limits, standing. That the MAC of a link held is remembered, so links that were never seen stand beside those that were.',
        'First seen: the whole way from text to token, with the claims read as JSON and the grants held against those of the key. Raw: the MAC or signature over the same bytes, nothing read.',
      ],
    }
  } finally {
    await house.close()
  }
}

function measureDecisions({ gate, tenant, linkKeys, primitives }: GateAlone) {
  const key = linkKeys.of(tenant)
  const pathOf = (file: number) =>
    `/apps/${tenant.app.id}/conversations/team/${String(file).padStart(24, 'k')}/picture.png`
  const linkTo = (path: string, receiverSerial: number) => ({
    path,
    query: `t=${makeLink({ path, receiverSerial, sequence: 0 }, key, primitives)}`,
  })
  const head = { headers: { host: 'media.example', 'user-agent': 'bench' }, rawHeaders: [] }
  const facts = { open: false, conversationSerial: 7, sharedAt: Date.now(), attachment: null }
  const decide = ({ path, query }: { path: string; query: string }) => {
    const judged = gate.judge({
      ...{ head, query, facts, tenant, resource: parseResource(path), address: '192.0.2.7' },
      ...{ action: 'read', accepts: ['link', 'grant', 'key', 'media'], view: 'begins' },
    } as Parameters<typeof gate.judge>[0])
    if (judged instanceof Promise || !judged.decision.allow) throw new Error('a good link was not let in at once')
  }
  const measure = (cases: readonly { path: string; query: string }[]) => {
    return cpuMicroseconds(() => cases.forEach(decide)) / cases.length
  }
  const spread = (cases: readonly { path: string; query: string }[]) => {
    const taken = cases.map((one) => {
      const start = performance.now()
      decide(one)
      return (performance.now() - start) * 1000
    })
    return { p50: median(taken), p99: percentile(taken, 0.99) }
  }
  const few = Array.from({ length: LINKS }, (_, index) => linkTo(pathOf(index), index + 1))
  const again = Array.from({ length: DECISIONS }, (_, index) => few[index % LINKS] as (typeof few)[number])
  const unseen = (from: number) =>
    Array.from({ length: FIRST }, (_, index) => linkTo(pathOf(index % LINKS), from + index))
  again.forEach(decide)
  unseen(LINKS + 1).forEach(decide)
  return {
    mean: measure(again),
    ...spread(again),
    first: { mean: measure(unseen(LINKS + 1 + FIRST)), ...spread(unseen(LINKS + 1 + 2 * FIRST)) },
  }
}

/** Verifies the same tokens raw, with a verifier that has seen none, and with one that has seen all. */
async function compare(house: GateAlone, algorithm: 'HS256' | 'EdDSA', rounds: number) {
  const { tenant, key, grantKeys, primitives, freshVerifier } = house
  const resource = parseResource(`/apps/${tenant.app.id}/conversations/team`)
  if (resource === null) throw new Error('no resource')
  const signing = algorithm === 'HS256' ? key.verification : grantKeys.active.signing
  const texts = Array.from({ length: TOKENS }, (_, index) =>
    signJwt(
      {
        ...(algorithm === 'HS256' ? {} : { iss: key.key.id }),
        ...{ sub: `user-${index}`, jti: `token-${index}`, iat: 1_700_000_000, exp: END, seq: 0 },
        grants: [{ actions: ['read'], resource: resource.path }],
      },
      signing,
      primitives,
    ),
  )
  const raw = algorithm === 'HS256' ? rawHmac(texts) : rawEd25519(texts)
  const verifyAll = (verifier: ReturnType<typeof freshVerifier>) => {
    for (const text of texts) {
      const verified = verifier.verify({ form: 'bearer', text }, resource, tenant, false)
      if (verified instanceof Promise || !verified.ok) throw new Error('a good token was not taken at once')
    }
  }
  const knowing = freshVerifier()
  const timed = (work: () => void) => async () => cpuMicroseconds(work) / TOKENS
  const [bare, first, remembered] = await alternate(
    [
      { name: 'raw', measure: timed(raw) },
      { name: 'first', measure: timed(() => verifyAll(freshVerifier())) },
      { name: 'remembered', measure: timed(() => verifyAll(knowing)) },
    ],
    rounds * 3,
  )
  if (bare === undefined || first === undefined || remembered === undefined) throw new Error('too few')
  const self = (value: number) => value
  return {
    raw: middle(bare, self),
    first: middle(first, self),
    remembered: middle(remembered, self),
    beyond: ratio(first, bare, self) - 1,
  }
}

/** The CPU time of some work: what else the machine does is not in it. */
function cpuMicroseconds(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** The MAC over the same bytes, with a key of the same length. */
function rawHmac(texts: readonly string[]): () => void {
  const inputs = texts.map((text) => text.slice(0, text.lastIndexOf('.')))
  const secret = createSecretKey(Buffer.alloc(64, 'k'))
  const expected = inputs.map((input) => createHmac('sha256', secret).update(input).digest())
  return () => {
    for (const [index, input] of inputs.entries()) {
      const mac = createHmac('sha256', secret).update(input).digest()
      if (!timingSafeEqual(mac, expected[index] ?? mac)) throw new Error('a MAC changed')
    }
  }
}

/** The signature over the same bytes, with another key. */
function rawEd25519(texts: readonly string[]): () => void {
  const pair = generateKeyPairSync('ed25519')
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
  const secret = createPrivateKey(pem)
  const open = createPublicKey(pem)
  const rows = texts.map((text) => {
    const jws = readJws(text)
    if (isProblem(jws)) throw new Error('no token')
    const input = Buffer.from(text.slice(0, text.lastIndexOf('.')))
    return { input, signature: sign(null, input, secret) }
  })
  return () => {
    for (const { input, signature } of rows)
      if (!verify(null, input, open, signature)) throw new Error('a signature broke')
  }
}
