import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

/** A program of the system that tests need. */
export type Tool = {
  /** The Debian package. */
  readonly package: string
  /** What is there once it is installed; a pattern of paths. */
  readonly at: string
  readonly because: string
}

const BIN = '/{usr/,usr/local/,opt/homebrew/,}{bin,sbin}'

/** Everything the tests need besides Node and npm, each with its reason. */
export const TOOLS: readonly Tool[] = [
  { package: 'git', at: `${BIN}/git`, because: 'the house rules look at what it tracks' },
  {
    package: 'postgresql',
    at: '/usr/lib/postgresql/*/bin/postgres',
    because: 'records are proven on the real database',
  },
  { package: 'ceph-mon', at: `${BIN}/ceph-mon`, because: 'the monitor of a real S3 store' },
  { package: 'ceph-osd', at: `${BIN}/ceph-osd`, because: 'the object store of a real S3 store' },
  { package: 'radosgw', at: `${BIN}/radosgw`, because: 'the gateway of a real S3 store, which checks signatures' },
  {
    package: 'strace',
    at: `${BIN}/strace`,
    because: 'faults of the disk are made to happen, and the order of calls is read',
  },
  { package: 'faketime', at: `${BIN}/faketime`, because: 'the real server is tested at another time' },
  {
    package: 'nginx',
    at: `${BIN}/nginx`,
    because: 'forward authentication and handing over of files are proven with it',
  },
  {
    package: 'libnginx-mod-http-js',
    at: '/usr/lib/nginx/modules/ngx_http_js_module.so',
    because: 'a peer in the benchmark',
  },
  { package: 'caddy', at: `${BIN}/caddy`, because: 'forward authentication is proven with it' },
  { package: 'chromium', at: `${BIN}/chromium`, because: 'pages, cookies and players are tested in a real browser' },
  { package: 'ffmpeg', at: `${BIN}/ffmpeg`, because: 'makes and pushes the media that tests play' },
  { package: 'openssl', at: `${BIN}/openssl`, because: 'makes the certificates of tests that speak TLS' },
  { package: 'wrk', at: `${BIN}/wrk`, because: 'the load that overload tests and the benchmark need' },
]

/** The tools that are not there. */
export function missingTools(tools: readonly Tool[]): readonly Tool[] {
  return tools.filter(({ at }) => globSync(at).length === 0)
}

/** The one command that installs the tools on Debian and its kin. */
export function installCommand(tools: readonly Tool[]): string {
  const names = tools.map((tool) => tool.package).join(' ')
  return `apt-get update && apt-get install --yes --no-install-recommends ${names}`
}

/**
 * Installs what is missing, as root or with a sudo that asks nothing. Answers null where everything is there, otherwise what
 * to do in one sentence.
 */
export function provideTools(say: (line: string) => void): string | null {
  const missing = missingTools(TOOLS)
  for (const tool of missing) say(`missing: ${tool.package} (${tool.because})`)
  if (missing.length === 0) return null
  const command = installCommand(missing)
  const advice = `install what is missing and try again: sudo sh -c '${command}'`
  if (globSync(`${BIN}/apt-get`).length === 0) return advice.replace(/: sudo.*/, ` (Debian: ${command})`)
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive', '--preserve-env=DEBIAN_FRONTEND']
  if (sudo.length > 0 && spawnSync('sudo', ['--non-interactive', 'true']).status !== 0) return advice
  say(`installing: ${missing.map((tool) => tool.package).join(' ')}`)
  const [program = 'sh', ...args] = [...sudo, 'sh', '-c', command]
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  const still = missingTools(missing)
  if (status === 0 && still.length === 0) return null
  say(`${stdout}${stderr}`.trimEnd().split('\n').slice(-15).join('\n'))
  return `could not be installed: ${still.map((tool) => tool.package).join(' ')}; ${advice}`
}
