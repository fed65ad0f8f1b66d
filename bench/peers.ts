import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Running, startServer } from './process.ts'

const FOLDER = join(import.meta.dirname, 'peers')
const run = promisify(execFile)

/** A peer that is a Node program: where it listens. */
export type Peer = { readonly running: Running; readonly url: string; readonly port: number }

/** Installs what the peers are made of into their own folder, where that has not been done. They are no dependency of Gatehouse. */
export async function installPeers(say: (line: string) => void): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const there = Object.entries(dependencies).every(([name, version]) => installed(name) === version)
  if (there) return
  say('installing the peers')
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER })
}

/** Starts one of the programs in `peers/`. */
export async function startPeer(program: string, ...words: readonly string[]): Promise<Peer> {
  const running = startServer([process.execPath, join(FOLDER, program), ...words])
  const port = Number(await running.says('ready on '))
  return { running, port, url: `http://127.0.0.1:${port}` }
}

/** A token for the Express peer, made by the package that it checks it with. */
export async function expressToken(name: string, secret: string): Promise<string> {
  const { stdout } = await run(process.execPath, [join(FOLDER, 'token.mjs'), name, secret])
  return stdout.trim()
}

function installed(name: string): string | null {
  const file = join(FOLDER, 'node_modules', name, 'package.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : null
}
