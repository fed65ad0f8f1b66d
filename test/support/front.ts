import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Certificate } from './certificate.ts'
import { startDaemon, until } from './daemon.ts'
import { ROOT, temporaryFolder } from './gatehouse.ts'
import { freePort } from './ports.ts'

/** A web server in front, run with a configuration of the documentation. */
export type Front = {
  readonly url: string
  readonly port: number
  readonly folder: string
  readonly stop: () => Promise<void>
}

/** Starts nginx with a file of `docs/operating/nginx`, its words in capitals replaced; with a certificate, it speaks TLS. */
export async function startNginx(
  name: string,
  words: Readonly<Record<string, string>>,
  tls: Certificate | null = null,
): Promise<Front> {
  const folder = temporaryFolder()
  const port = await freePort()
  const ssl = tls === null ? '' : ` ssl; ssl_certificate ${tls.file}; ssl_certificate_key ${tls.keyFile}`
  const listen = `127.0.0.1:${port}${ssl}`
  const documented = fill(readFileSync(join(ROOT, 'docs/operating/nginx', name), 'utf8'), { LISTEN: listen, ...words })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${one};`)
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${user} worker_processes 1; daemon off; pid nginx.pid; error_log stderr;
     events { worker_connections 256; }
     http { ${temporary.join(' ')}\n${documented}\n}`,
  )
  return await run('nginx', ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf'], port, folder)
}

/** Starts Caddy with the Caddyfile of the documentation; with a certificate, it speaks TLS. */
export async function startCaddy(
  words: Readonly<Record<string, string>>,
  tls: Certificate | null = null,
): Promise<Front> {
  const folder = temporaryFolder()
  const port = await freePort()
  const written = readFileSync(join(ROOT, 'docs/operating/caddy/Caddyfile'), 'utf8')
  const secured = `https://LISTEN {\n\ttls ${tls?.file} ${tls?.keyFile}`
  const site = tls === null ? written : written.replace('http://LISTEN {', secured)
  writeFileSync(join(folder, 'Caddyfile'), fill(site, { LISTEN: `127.0.0.1:${port}`, ...words }))
  return await run('caddy', ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')], port, folder)
}

function fill(text: string, words: Readonly<Record<string, string>>): string {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  return Object.entries(words).reduce((filled, [word, value]) => filled.replaceAll(word, value), lines.join('\n'))
}

async function run(command: string, words: readonly string[], port: number, folder: string): Promise<Front> {
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const daemon = await startDaemon(command, words, { env, cwd: folder })
  await until(`${command} listens`, 15, () => {
    daemon.assertRunning()
    const socket = connect(port, '127.0.0.1')
    const closed = () => void socket.destroy()
    return once(socket, 'connect')
      .then(
        () => true,
        () => false,
      )
      .finally(closed)
  })
  return { url: `http://127.0.0.1:${port}`, port, folder, stop: () => daemon.stop() }
}
