import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startDaemon, until } from './daemon.ts'
import { ROOT, temporaryFolder } from './gatehouse.ts'
import { freePort } from './ports.ts'

/** A web server in front, run with a configuration of the documentation. */
export type Front = { readonly url: string; readonly folder: string; readonly stop: () => Promise<void> }

/** Starts nginx with a file of `docs/operating/nginx`, its words in capitals replaced. */
export async function startNginx(name: string, words: Readonly<Record<string, string>>): Promise<Front> {
  const folder = temporaryFolder()
  const port = await freePort()
  const documented = fill(readFileSync(join(ROOT, 'docs/operating/nginx', name), 'utf8'), port, words)
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
  const daemon = await startDaemon(command, words, { env, cwd: folder })
  const url = `http://127.0.0.1:${port}`
  await until(`${command} listens`, 15, () => {
    daemon.assertRunning()
    return fetch(url).then(
      (answer) => answer.text().then(() => true),
      () => false,
    )
  })
  return { url, folder, stop: () => daemon.stop() }
}
