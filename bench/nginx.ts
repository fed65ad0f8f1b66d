import { createHash, createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { portOpen, type Running, startServer } from './process.ts'

/** A running nginx with one worker. */
export type Nginx = { readonly running: Running; readonly url: string }

/** What it serves. Every location is on the same port. */
export type NginxSite = {
  /** Files, served at `/static/` without a check, and at `/secure/` and `/asked/` with one. */
  readonly files: string
  readonly secret: string
  /** The port of the verifier that is asked about `/asked/`. */
  readonly verifier?: number
  /** Gatehouse behind it, and the folder of its blobs, which are sent by nginx when Gatehouse says so. */
  readonly gatehouse?: { readonly port: number; readonly blobs: string }
}

/** Starts nginx in a folder of its own, with `sendfile` and its cache of open files, and no access log. */
export async function startNginx(folder: string, site: NginxSite): Promise<Nginx> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration(folder, port, site))
  const running = startServer(['nginx', '-p', folder, '-c', file, '-e', join(folder, 'error.log')])
  await portOpen(port, running)
  return { running, url: `http://127.0.0.1:${port}` }
}

/** The path of a file below `/secure/`, with the MD5 that nginx checks. */
export function securePath(name: string, secret: string): string {
  const path = `/secure/${name}`
  const end = inOneDay()
  const md5 = createHash('md5').update(`${end}${path} ${secret}`).digest('base64url')
  return `${path}?md5=${md5}&expires=${end}`
}

/** The path of a file below `/asked/`, with the MAC that the verifier checks. */
export function askedPath(name: string, secret: string): string {
  const path = `/asked/${name}`
  const end = inOneDay()
  const mac = createHmac('sha256', secret).update(`${path} ${end}`).digest('base64url')
  return `${path}?mac=${mac}&end=${end}`
}

function inOneDay(): number {
  return Math.floor(Date.now() / 1000) + 86_400
}

function configuration(folder: string, port: number, { files, secret, verifier, gatehouse }: NginxSite): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${folder}/${kind};`)
    .join('\n')
  const upstream = (name: string, to: number | undefined) =>
    to === undefined ? '' : `upstream ${name} { server 127.0.0.1:${to}; keepalive 128; keepalive_requests 1000000000; }`
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 4096; }
http {
${temporary}
  access_log off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=4000 inactive=600s;
  open_file_cache_valid 600s;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  default_type image/png;
  ${upstream('verifier', verifier)}
  ${upstream('gatehouse', gatehouse?.port)}
  server {
    listen 127.0.0.1:${port};
    location /static/ { alias ${files}/; }
    location /secure/ {
      secure_link $arg_md5,$arg_expires;
      secure_link_md5 "$secure_link_expires$uri ${secret}";
      if ($secure_link = "") { return 403; }
      if ($secure_link = "0") { return 410; }
      alias ${files}/;
    }
    ${
      verifier === undefined
        ? ''
        : `location /asked/ { auth_request /verify; alias ${files}/; }
    location = /verify {
      internal;
      proxy_pass http://verifier;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-URI $request_uri;
    }`
    }
    ${
      gatehouse === undefined
        ? ''
        : `location /apps/ {
      proxy_pass http://gatehouse;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
    }
    location /blobs/ { internal; alias ${gatehouse.blobs}/; }`
    }
  }
}
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
