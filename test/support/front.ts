import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { eventually, ROOT, temporaryFolder } from './gatehouse.ts'

/** A web server in front, run with a configuration of the documentation. */
export type Front = { readonly url: string; readonly folder: string; readonly stop: () => Promise<void> }

/** Starts nginx with a file of `docs/operating/nginx`, its words in capitals replaced. */
export async function startNginx(name: string, words: Readonly<Record<string, string>>): Promise<Front> {
  const folder = temporaryFolder()
  const port = await freePort()
  const documented = fill(readFileSync(join(ROOT, 'docs/operating/nginx', name), 'utf8'), port, words)
  mkdirSync(join(folder, 'logs'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${one};`)
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${user} worker_processes 1; daemon off; pid nginx.pid; error_log error.log;
     events { worker_connections 256; }
     http { ${temporary.join(' ')}\n${documented}\n}`,
  )
  return await run('nginx', ['-p', folder, '-e', 'error.log', '-c', 'nginx.conf'], port, folder)
}

/** Starts Caddy with the Caddyfile of the documentation. */
export async function startCaddy(words: Readonly<Record<string, string>>): Promise<Front> {
  const folder = temporaryFolder()
  const port = await freePort()
  const documented = fill(readFileSync(join(ROOT, 'docs/operating/caddy/Caddyfile'), 'utf8'), port, words)
  writeFileSync(join(folder, 'Caddyfile'), documented)
  return await run('caddy', ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')], port, folder)
}

function fill(text: string, port: number, words: Readonly<Record<string, string>>): string {
  const all = Object.entries({ LISTEN: `127.0.0.1:${port}`, ...words })
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  return all.reduce((filled, [word, value]) => filled.replaceAll(word, value), lines.join('\n'))
}

async function run(command: string, words: readonly string[], port: number, folder: string): Promise<Front> {
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const child = spawn(command, words, { env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const abandon = () => void child.kill('SIGKILL')
  process.once('exit', abandon)
  let said = ''
  let over = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.once('error', (error) => (said += error.message))
  child.once('close', () => (over = true))
  const url = `http://127.0.0.1:${port}`
  await eventually(`${command} to listen`, async () => {
    const log = join(folder, 'error.log')
    if (over) throw new Error(`${command} did not start: ${said}${existsSync(log) ? readFileSync(log, 'utf8') : ''}`)
    return await fetch(url).then(
      (answer) => answer.body?.cancel().then(() => true) ?? true,
      () => undefined,
    )
  })
  return {
    url,
    folder,
    stop: async () => {
      process.off('exit', abandon)
      child.kill('SIGTERM')
      if (!over) await once(child, 'close')
    },
  }
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
