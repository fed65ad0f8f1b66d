/** Samples a second. */
export const RATE = 44_100

const SCALE = {
  D3: 146.83,
  A3: 220,
  B3: 246.94,
  D4: 293.66,
  E4: 329.63,
  F4: 369.99,
  A4: 440,
  B4: 493.88,
  D5: 587.33,
  E5: 659.26,
  F5: 739.99,
  A5: 880,
} as const

type Note = readonly [at: number, pitch: keyof typeof SCALE, strength: number]

const MELODY: readonly Note[] = [
  [0, 'D3', 0.5],
  [0, 'D5', 0.5],
  [0.4, 'A4', 0.4],
  [0.8, 'F5', 0.5],
  [1.2, 'E5', 0.4],
  [1.6, 'A5', 0.55],
  [2.4, 'B3', 0.45],
  [2.4, 'F5', 0.45],
  [2.8, 'D5', 0.4],
  [3.2, 'E5', 0.5],
  [3.6, 'B4', 0.4],
  [4, 'D5', 0.5],
  [4.8, 'A3', 0.45],
  [4.8, 'E5', 0.45],
  [5.2, 'A4', 0.4],
  [5.6, 'D5', 0.5],
  [6, 'F4', 0.4],
  [6.4, 'D4', 0.45],
  [6.4, 'D3', 0.4],
]

/** A short tune of bells with a little room around them: 16-bit mono PCM, `seconds` long, faded out at the end. */
export function tune(seconds: number): Buffer {
  const length = Math.round(seconds * RATE)
  const sound = new Float64Array(length)
  for (const [at, pitch, strength] of MELODY) ring(sound, Math.round(at * RATE), SCALE[pitch], strength)
  reverberate(sound)
  const loudest = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const pcm = Buffer.allocUnsafe(length * 2)
  for (let index = 0; index < length; index++) {
    const fade = Math.min(1, (length - index) / (RATE * 0.9))
    pcm.writeInt16LE(Math.round(((sound[index] as number) / loudest) * fade * 22_000), index * 2)
  }
  return pcm
}

/** A struck bar: partials at the ratios of a marimba's, each dying away faster than the one below. */
function ring(sound: Float64Array, start: number, pitch: number, strength: number): void {
  const partials = [
    [1, 1, 1.5],
    [2, 0.32, 2.4],
    [3.93, 0.22, 6],
    [9.2, 0.05, 16],
  ] as const
  for (let index = start; index < sound.length; index++) {
    const time = (index - start) / RATE
    const attack = Math.min(1, time / 0.006)
    let value = 0
    for (const [ratio, share, decay] of partials) {
      value += share * Math.exp(-decay * time) * Math.sin(2 * Math.PI * pitch * ratio * time)
    }
    sound[index] = (sound[index] as number) + value * strength * attack
  }
}

function reverberate(sound: Float64Array): void {
  const dry = sound.slice()
  for (const [seconds, feedback] of [
    [0.0297, 0.8],
    [0.0371, 0.78],
    [0.0411, 0.76],
    [0.0437, 0.74],
  ] as const) {
    const delay = Math.round(seconds * RATE)
    const echo = new Float64Array(sound.length)
    for (let index = delay; index < sound.length; index++) {
      echo[index] = (dry[index - delay] as number) + feedback * (echo[index - delay] as number)
      sound[index] = (sound[index] as number) + 0.075 * (echo[index] as number)
    }
  }
}
