import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Gatehouse, linkPath, makeApp, makeGroup, startGatehouse, upload } from '../gatehouse.ts'
import { measureLoad, type Outcome } from '../load.ts'
import { askedPath, securePath, startNginx } from '../nginx.ts'
import { show } from '../numbers.ts'
import { expressToken, installPeers, startPeer } from '../peers.ts'
import type { Running } from '../process.ts'
import { alternate, type Contestant, type Course, middle, ratio } from '../rounds.ts'
import { type Bench, type Findings, goal, type Section } from '../section.ts'

const SIZE = 10_000
const FILES = 1000
const CONNECTIONS = 64

/** Small files: what a check costs, beside what others check. */
export const media: Section = { name: 'media', title: '10 KB files, 64 connections', run }

async function run({ rounds, seconds, folder, gatehouse: launch, say }: Bench): Promise<Findings> {
  await installPeers(say)
  const files = join(folder, 'files')
  mkdirSync(files)
  const bodies = Array.from({ length: FILES }, () => new Uint8Array(randomBytes(SIZE)))
  for (const [index, body] of bodies.entries()) writeFileSync(join(files, `f${index}`), body)

  const secret = randomBytes(32).toString('hex')
  const data = join(folder, 'data')
  const gatehouse = await startGatehouse(launch, data)
  const verifier = await startPeer('verifier.mjs', secret)
  const express = await startPeer('express.mjs', files, secret)
  const hello = await startPeer('hello.mjs', String(SIZE))
  const nginx = await startNginx(join(folder, 'nginx'), {
    ...{ files, secret, verifier: verifier.port },
    gatehouse: { port: Number(new URL(gatehouse.url).port), blobs: join(data, 'blobs') },
  })
  const running = [gatehouse.running, verifier.running, express.running, hello.running, nginx.running]
  try {
    say(`uploading ${FILES} files for as many receivers`)
    const links = await shareAll(gatehouse, bodies)
    const [link = ''] = links
    const manyLinks = pathFile(folder, 'links', links)
    const manyFiles = pathFile(
      folder,
      'files.txt',
      links.map((_, index) => `/static/f${index}`),
    )
    const contestant = (
      name: string,
      url: string,
      servers: readonly Running[],
      paths?: string,
    ): Contestant<Outcome> => ({
      name,
      measure: () =>
        measureLoad({
          ...{ url, seconds, servers, connections: CONNECTIONS },
          ...(paths === undefined ? {} : { paths }),
        }),
    })
    const token = await expressToken('f0', secret)
    say('one URL')
    const one = await alternate(
      [
        contestant('nginx, a static file; checks nothing', `${nginx.url}/static/f0`, [nginx.running]),
        contestant('**Gatehouse, a recipient link**', `${gatehouse.url}${link}`, [gatehouse.running]),
        contestant('nginx `secure_link`; one MD5', nginx.url + securePath('f0', secret), [nginx.running]),
        contestant('`node:http` with the body in memory; checks nothing', hello.url, [hello.running]),
        contestant('nginx `auth_request` to a Node verifier', nginx.url + askedPath('f0', secret), [
          nginx.running,
          verifier.running,
        ]),
        contestant('nginx as proxy before Gatehouse', `${nginx.url}${link}`, [nginx.running, gatehouse.running]),
        contestant('Express, jsonwebtoken, send', `${express.url}/files/f0?token=${token}`, [express.running]),
      ],
      rounds,
    )
    say('a thousand URLs')
    const many = await alternate(
      [
        contestant(`nginx, ${FILES} static files`, nginx.url, [nginx.running], manyFiles),
        contestant(
          `**Gatehouse, ${FILES} files for as many receivers**`,
          gatehouse.url,
          [gatehouse.running],
          manyLinks,
        ),
      ],
      rounds,
    )
    return findings(one, many)
  } finally {
    for (const server of running) await server.stop()
  }
}

/** One file for each receiver, and each receiver's link. */
async function shareAll(gatehouse: Gatehouse, bodies: readonly Uint8Array<ArrayBuffer>[]): Promise<string[]> {
  const app = await makeApp(gatehouse)
  await makeGroup(gatehouse, app, 'team', bodies.length)
  const links = new Array<string>(bodies.length).fill('')
  const next = bodies.entries()
  const lane = async () => {
    for (const [index, body] of next) {
      const user = `u${index}`
      const { id } = await upload(gatehouse, app, 'team', body, [user])
      links[index] = await linkPath(gatehouse, app, id, user)
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return links
}

function pathFile(folder: string, name: string, paths: readonly string[]): string {
  const file = join(folder, name)
  writeFileSync(file, `${paths.join('\n')}\n`)
  return file
}

const cpu = (outcome: Outcome) => outcome.cpuMicrosecondsPerRequest
const perSecond = (outcome: Outcome) => outcome.perSecond

function findings(one: readonly Course<Outcome>[], many: readonly Course<Outcome>[]): Findings {
  const [nginx, gatehouse, , hello, asked, , express] = one
  const [nginxMany, gatehouseMany] = many
  if (!nginx || !gatehouse || !hello || !asked || !express || !nginxMany || !gatehouseMany) throw new Error('too few')
  return {
    tables: [tableOf('One URL', one, nginx), tableOf(`${FILES} URLs`, many, nginxMany)],
    goals: [
      goal('one URL, to plain nginx', ratio(gatehouse, nginx, perSecond), { least: 0.45 }, times),
      goal('1,000 URLs, to plain nginx', ratio(gatehouseMany, nginxMany, perSecond), { least: 0.45 }, times),
      goal('to nginx `auth_request`', ratio(gatehouse, asked, perSecond), { least: 1.8 }, times),
    ],
    notes: [
      'Gatehouse checks identity, scope, limits and standing at each request, and writes its access log; nginx has no access log here.',
      '`node:http` alone is what any server on it can reach at most.',
      `${times(ratio(gatehouse, hello, perSecond))} of \`node:http\` alone, ${times(ratio(gatehouse, express, perSecond))} Express.`,
    ],
  }
}

function tableOf(title: string, courses: readonly Course<Outcome>[], base: Course<Outcome>) {
  return {
    title,
    columns: ['server', 'to nginx', 'requests/s', 'CPU µs/request', 'CPU to nginx', 'p50 ms', 'p99 ms', 'memory MB'],
    rows: courses.map((course) => [
      course.name,
      times(ratio(course, base, perSecond)),
      show(middle(course, perSecond)),
      show(middle(course, cpu)),
      times(ratio(course, base, cpu)),
      show(middle(course, (outcome) => outcome.p50)),
      show(middle(course, (outcome) => outcome.p99)),
      show(middle(course, (outcome) => outcome.residentBytes) / 1e6),
    ]),
  }
}

function times(value: number): string {
  return `${value.toFixed(value >= 10 ? 1 : 2)} ×`
}
