import { type Edge, edgesOf } from './imports.ts'
import { type Finding, isSource, isTest, type Rule } from './tree.ts'

/** Which packages a package may import, besides itself. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: ['core'],
  server: ['core', 'storage'],
  cli: ['core', 'storage', 'server'],
  sdk: ['core'],
  elements: ['core', 'sdk'],
  dashboard: ['core', 'sdk', 'elements'],
}

const SERVER = 'packages/server/src/'

/** What puts the parts together. No room of the server knows it; parts are handed in. */
const WIRING = /^(main|thread|worker|workers|http-server|api|mount|routes|features|surfaces|open-storage)\.ts$/

/** Rooms of the server that must not know others, by the first folder below its `src/`. */
const APART: readonly { readonly room: string; readonly not: readonly string[] }[] = [
  { room: 'gate', not: ['deliver', 'features', 'surfaces'] },
  { room: 'deliver', not: ['gate', 'features', 'surfaces'] },
  { room: 'standing', not: ['gate', 'deliver', 'features', 'surfaces'] },
  { room: 'signing', not: ['gate', 'deliver', 'features', 'surfaces'] },
  { room: 'outgoing', not: ['gate', 'deliver', 'features', 'surfaces', 'webhooks'] },
  { room: 'webhooks', not: ['gate', 'deliver', 'features', 'surfaces'] },
  { room: 'features', not: ['surfaces'] },
]

/** Rooms whose members do not know one another. */
const STRANGERS = ['features', 'surfaces']

/** Functions that only some files may import, with the reason. */
const GUARDED: readonly {
  readonly module: string
  readonly name: string
  readonly only: RegExp
  readonly because: string
}[] = [
  {
    module: 'packages/core/src/token.ts',
    name: 'attest',
    only: /^packages\/server\/src\/gate\/(verify|verify-key-jwt|verify-keyed|verify-media|known-keys|known-logins)\.ts$/,
    because: 'a token is made only where its proof has just been checked',
  },
  {
    module: 'packages/core/src/decide.ts',
    name: 'decide',
    only: /^packages\/(core\/src|server\/src\/gate)\//,
    because: 'only the gate decides',
  },
]

/** The one module of Node's that core uses, and the one file that uses it. */
const CORE_OUTSIDE = { from: 'packages/core/src/node-primitives.ts', module: 'node:crypto' }

/** Who may import whom. */
export const layers: Rule = {
  name: 'layers',
  says: 'who may import whom is the table in script/check/layers.ts',
  find: (tree) =>
    edgesOf(tree, (path) => isSource(path) && path.startsWith('packages/') && !isTest(path)).flatMap((edge) => [
      ...betweenPackages(edge),
      ...insideServer(edge),
      ...guarded(edge),
      ...outsideCore(edge),
    ]),
}

const packageOf = (path: string) => /^packages\/([^/]+)\//.exec(path)?.[1] ?? null

function betweenPackages(edge: Edge): Finding[] {
  if (edge.to.kind !== 'file') return []
  const from = packageOf(edge.from) ?? ''
  const to = packageOf(edge.to.path)
  if (to === from || (to !== null && PACKAGES[from]?.includes(to))) return []
  return [
    finding(edge, `${from} imports ${to ?? 'what lies outside packages/'}`, 'move what both need down, or hand it in'),
  ]
}

function insideServer(edge: Edge): Finding[] {
  if (edge.to.kind !== 'file' || !edge.from.startsWith(SERVER) || !edge.to.path.startsWith(SERVER)) return []
  const [from, to] = [edge.from.slice(SERVER.length), edge.to.path.slice(SERVER.length)]
  if (!from.includes('/')) return []
  if (WIRING.test(to)) return [finding(edge, `${to} is wiring`, 'take what is needed as an argument (parts.ts)')]
  const [room, toRoom] = [roomOf(from), roomOf(to)]
  if (APART.some((pair) => pair.room === room && pair.not.includes(toRoom))) {
    return [finding(edge, `${room} imports ${toRoom}`, 'move what both need down, or hand it in as a part')]
  }
  if (STRANGERS.includes(room) && room === toRoom && memberOf(from) !== memberOf(to)) {
    return [finding(edge, `${room} do not know one another`, 'move what both need out of the room, a level down')]
  }
  return []
}

const roomOf = (path: string) => path.split('/')[0] ?? ''

/** `features/users.ts`, `features/users/list.ts`: both belong to the member `users`. */
const memberOf = (path: string) => (path.split('/')[1] ?? '').replace(/\.ts$/, '')

function guarded(edge: Edge): Finding[] {
  const { to } = edge
  if (to.kind !== 'file') return []
  return GUARDED.filter(
    ({ module, name, only }) =>
      to.path === module && module !== edge.from && edge.names.includes(name) && !only.test(edge.from),
  ).map(({ name, because }) => finding(edge, `${name} is imported here`, `leave it to others: ${because}`))
}

function outsideCore(edge: Edge): Finding[] {
  if (packageOf(edge.from) !== 'core' || edge.to.kind === 'file') return []
  if (edge.from === CORE_OUTSIDE.from && edge.to.name === CORE_OUTSIDE.module) return []
  return [
    finding(
      edge,
      `core imports ${edge.to.name}`,
      `core is pure: only ${CORE_OUTSIDE.from} may reach ${CORE_OUTSIDE.module}`,
    ),
  ]
}

function finding(edge: Edge, wrong: string, cure: string): Finding {
  return { where: `${edge.from}:${edge.line}`, wrong, cure }
}
