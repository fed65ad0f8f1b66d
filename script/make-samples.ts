import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { createLandscape } from './samples/landscape.ts'
import { RATE, tune } from './samples/tune.ts'

/**
 * Makes the media of the demonstration: a photo, a PDF, a tune, a film. Everything is computed here, so nobody else's rights
 * are touched. Takes some minutes; run it by hand when the samples are to change, with the names of those to make
 * (default: all), and commit the results. Needs ffmpeg and Chromium.
 */
const folder = fileURLToPath(new URL('../packages/server/assets/demo/', import.meta.url))
const pcm = ['-f', 's16le', '-ar', String(RATE), '-ac', '1']
const recipes: Readonly<Record<string, () => Promise<void>>> = { photo, plan, music, film }

await mkdir(folder, { recursive: true })
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(recipes)
for (const name of wanted) {
  const make = recipes[name]
  if (make === undefined) throw new Error(`no sample is called ${name}; there are ${Object.keys(recipes).join(', ')}`)
  await make()
  console.log(`made ${name}`)
}

async function photo(): Promise<void> {
  const [width, height] = [2520, 1680]
  const picture = createLandscape().render({ width, height, x: 0, y: 0.26, z: 0.6, yaw: 0.12 })
  await ffmpeg(
    [
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', 'pipe:0'],
      ...['-vf', 'scale=1260:840:flags=lanczos,unsharp=5:5:0.35', '-q:v', '4', '-map_metadata', '-1'],
    ],
    'lake.jpg',
    [picture],
  )
}

async function plan(): Promise<void> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const page = await browser.newPage()
    await page.goto(new URL('samples/plan.html', import.meta.url).href)
    await page.pdf({ path: join(folder, 'plan.pdf'), preferCSSPageSize: true, printBackground: true })
  } finally {
    await browser.close()
  }
}

async function music(): Promise<void> {
  await ffmpeg([...pcm, '-i', 'pipe:0', '-c:a', 'libmp3lame', '-b:a', '96k'], 'evening.mp3', [tune(8)])
}

async function film(): Promise<void> {
  const [width, height, rate, seconds] = [640, 360, 20, 5]
  const landscape = createLandscape()
  const sound = join(tmpdir(), `gatehouse-tune-${process.pid}.pcm`)
  await writeFile(sound, tune(seconds))
  const frames = Array.from({ length: rate * seconds }, (_, index) => index / (rate * seconds))
  const pictures = frames.values().map((at) =>
    landscape.render({
      width,
      height,
      x: -0.1 + at * 0.25,
      y: 0.16 + at * 0.12,
      z: 0.4 + at * 1.5,
      yaw: 0.3 - at * 0.28,
    }),
  )
  await ffmpeg(
    [
      ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-r', String(rate), '-i', 'pipe:0'],
      ...[...pcm, '-i', sound, '-c:v', 'libx264', '-preset', 'veryslow', '-crf', '31', '-pix_fmt', 'yuv420p'],
      ...['-g', String(rate), '-c:a', 'aac', '-b:a', '64k', '-movflags', '+faststart', '-shortest'],
    ],
    'flight.mp4',
    pictures,
  )
}

/** Runs ffmpeg with pieces of its standard input; the result goes to `name` in the samples' folder. */
async function ffmpeg(args: readonly string[], name: string, pieces: Iterable<Buffer>): Promise<void> {
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...args, '-bitexact', join(folder, name)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  const ended = once(child, 'exit')
  for (const piece of pieces) {
    if (!child.stdin.write(piece)) await once(child.stdin, 'drain')
  }
  child.stdin.end()
  const [code] = await ended
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`)
}
