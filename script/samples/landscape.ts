/** A picture to be rendered: where the camera stands, and how large the picture is. Lengths are in units of the scene. */
export type Shot = {
  readonly width: number
  readonly height: number
  /** Where the camera stands: to the right, and forward along the valley. */
  readonly x: number
  readonly z: number
  /** Height above the lake. */
  readonly y: number
  /** Radians, to the right. */
  readonly yaw: number
}

/** A landscape that can be photographed from anywhere. */
export type Landscape = {
  /** Renders one picture: 24-bit RGB, row by row from the top. */
  render(shot: Shot): Buffer
}

type Vector = readonly [x: number, y: number, z: number]

const CELLS = 2048
const EXTENT = 26
const FAR = 24
const SUN = normalize([-0.84, 0.27, -0.12])
const SUN_COLOR: Vector = [1.9, 1.2, 0.68]
const SKY_COLOR: Vector = [0.3, 0.43, 0.66]

/**
 * A mountain lake in the evening: heights from noise, kept in one table, looked at by marching rays through it. The same
 * everywhere and every time, since its chance comes from a fixed table.
 */
export function createLandscape(): Landscape {
  const noise = createNoise(7)
  const heights = new Float32Array(CELLS * CELLS)
  for (let row = 0; row < CELLS; row++) {
    for (let column = 0; column < CELLS; column++) {
      const x = (column / CELLS - 0.5) * EXTENT
      const z = (row / CELLS) * EXTENT - 2
      heights[row * CELLS + column] = terrain(x, z)
    }
  }

  function fractal(x: number, z: number, octaves: number): number {
    let sum = 0
    let amplitude = 0.5
    let u = x
    let v = z
    for (let octave = 0; octave < octaves; octave++) {
      sum += amplitude * noise(u, v)
      const turned = 1.6 * u + 1.2 * v
      v = 1.6 * v - 1.2 * u
      u = turned
      amplitude *= 0.5
    }
    return sum
  }

  function ridges(x: number, z: number): number {
    let sum = 0
    let amplitude = 0.55
    let weight = 1
    let u = x
    let v = z
    for (let octave = 0; octave < 9; octave++) {
      const ridge = (1 - Math.abs(noise(u, v)) * 1.35) ** 2
      sum += ridge * amplitude * weight
      weight = Math.min(1, ridge * 1.5)
      const turned = 1.6 * u + 1.2 * v
      v = 1.6 * v - 1.2 * u
      u = turned
      amplitude *= 0.48
    }
    return sum
  }

  function terrain(x: number, z: number): number {
    const shore = 0.35 * noise(z * 0.45, 3.1) + 0.12 * noise(z * 1.7, 9.7)
    const middle = 0.5 * Math.sin(z * 0.33 + 0.4) + shore
    const width = 1.15 + 0.35 * noise(z * 0.3, 1.7) - 3.6 * smooth(6.4, 10.5, z)
    const aside = Math.abs(x - middle) - width
    const rise = smooth(0, 4.2, aside)
    const end = smooth(8, 14, z)
    const mountain = ridges(x * 0.27 + 3.3, z * 0.27 + 1.2)
    const hills = 0.16 * fractal(x * 1.1, z * 1.1, 6) * smooth(-0.1, 0.7, aside)
    return (
      -0.09 + 0.16 * smooth(-0.15, 0.5, aside) + (2.05 * rise + 0.9 * end * smooth(-0.6, 2.5, aside)) * mountain + hills
    )
  }

  function heightAt(x: number, z: number): number {
    const column = (x / EXTENT + 0.5) * CELLS
    const row = ((z + 2) / EXTENT) * CELLS
    if (column < 1 || row < 1 || column >= CELLS - 2 || row >= CELLS - 2) return -1
    const left = Math.floor(column)
    const top = Math.floor(row)
    const right = column - left
    const down = row - top
    const at = top * CELLS + left
    const above = (heights[at] as number) * (1 - right) + (heights[at + 1] as number) * right
    const below = (heights[at + CELLS] as number) * (1 - right) + (heights[at + CELLS + 1] as number) * right
    return above * (1 - down) + below * down
  }

  /** The distance at which a ray meets the ground, or {@link FAR}. */
  function march(from: Vector, along: Vector, start: number, end: number): number {
    let distance = start
    let before = start
    for (let step = 0; step < 420 && distance < end; step++) {
      const y = from[1] + along[1] * distance
      if (y > 3.4 && along[1] >= 0) return FAR
      const gap = y - heightAt(from[0] + along[0] * distance, from[2] + along[2] * distance)
      if (gap < 0.0004 * distance) {
        let low = before
        let high = distance
        for (let turn = 0; turn < 7; turn++) {
          const half = (low + high) / 2
          const inside = from[1] + along[1] * half < heightAt(from[0] + along[0] * half, from[2] + along[2] * half)
          if (inside) high = half
          else low = half
        }
        return high
      }
      before = distance
      distance += Math.max(0.006 + distance * 0.0016, gap * 0.34)
    }
    return FAR
  }

  function shadow(point: Vector): number {
    let light = 1
    let distance = 0.03
    for (let step = 0; step < 60 && distance < 7; step++) {
      const gap = point[1] + SUN[1] * distance - heightAt(point[0] + SUN[0] * distance, point[2] + SUN[2] * distance)
      if (gap < 0) return 0
      light = Math.min(light, (gap * 14) / distance)
      distance += Math.max(0.03, gap * 0.6)
    }
    return light
  }

  function sky(along: Vector): Vector {
    const up = Math.max(0, along[1])
    const toSun = Math.max(0, dot(along, SUN))
    const glow = 0.5 * toSun ** 6 + 0.55 * toSun ** 40 + 1.4 * toSun ** 700
    let color = mix([1.0, 0.64, 0.4], [0.13, 0.29, 0.6], 1 - Math.exp(-up * 5.2))
    color = mix(color, [0.55, 0.5, 0.6], 0.35 * Math.exp(-up * 9) * (1 - toSun))
    color = add(color, scale([1.0, 0.56, 0.24], glow))
    if (along[1] > 0.01) {
      const u = along[0] / (along[1] + 0.08)
      const v = along[2] / (along[1] + 0.08)
      const cloud = fractal(u * 0.5 + 1.9, v * 1.15 + 4.4, 6) + 0.3 * fractal(u * 0.16, v * 0.3 + 2, 3)
      const cover = smooth(-0.06, 0.4, cloud) * smooth(0.02, 0.16, along[1])
      const lit = mix([0.6, 0.5, 0.58], [1.5, 0.92, 0.62], 0.25 + 0.75 * toSun ** 2 * (1 - 0.4 * cover))
      color = mix(color, lit, cover * 0.82)
    }
    return color
  }

  function ground(point: Vector, along: Vector, distance: number): Vector {
    const [x, y, z] = point
    const step = Math.max(0.013, distance * 0.0016)
    const rough = 0.012 * Math.min(1, 2.5 / distance)
    const bump = (u: number, v: number) => heightAt(u, v) + rough * fractal(u * 23, v * 23, 4)
    const normal = normalize([bump(x - step, z) - bump(x + step, z), 2 * step, bump(x, z - step) - bump(x, z + step)])
    const grain = fractal(x * 6, z * 6, 5)
    const fine = fractal(x * 41, z * 41, 3)
    let color = mix([0.2, 0.17, 0.155], [0.31, 0.265, 0.23], 0.5 + grain + 0.4 * fine)
    const meadow = smooth(0.62, 0.84, normal[1] + 0.16 * grain) * (1 - smooth(0.75, 1.25, y + 0.3 * grain))
    color = mix(color, mix([0.075, 0.105, 0.04], [0.2, 0.2, 0.075], 0.5 + grain * 1.4), meadow)
    const wood =
      smooth(0.02, 0.2, fractal(x * 2.1 + 7, z * 2.1, 4) + 0.1) * (1 - smooth(0.35, 0.85, y)) * smooth(0.03, 0.08, y)
    color = mix(color, mix([0.018, 0.035, 0.02], [0.06, 0.085, 0.035], 0.5 + fine * 1.8), wood * 0.92)
    const snow = smooth(0.95, 1.4, y + 0.4 * grain) * smooth(0.5, 0.76, normal[1] + 0.22 * grain)
    color = mix(color, [0.88, 0.9, 0.95], snow)
    color = mix(color, [0.19, 0.16, 0.12], (1 - smooth(0.004, 0.03, y)) * 0.8)
    const facing = Math.max(0, dot(normal, SUN))
    const sun = facing > 0 ? facing * shadow([x, y + 0.004, z]) : 0
    const bounce = Math.max(0, -dot([normal[0], 0, normal[2]], SUN)) * 0.18 + 0.1
    const light: Vector = [
      SUN_COLOR[0] * sun * 2.1 + SKY_COLOR[0] * (0.55 + 0.45 * normal[1]) + bounce * 0.5,
      SUN_COLOR[1] * sun * 2.1 + SKY_COLOR[1] * (0.55 + 0.45 * normal[1]) + bounce * 0.4,
      SUN_COLOR[2] * sun * 2.1 + SKY_COLOR[2] * (0.55 + 0.45 * normal[1]) + bounce * 0.3,
    ]
    return haze([color[0] * light[0], color[1] * light[1], color[2] * light[2]], along, distance, y)
  }

  function haze(color: Vector, along: Vector, distance: number, y: number): Vector {
    const toSun = Math.max(0, dot(along, SUN))
    const air = mix([0.4, 0.48, 0.64], [1.15, 0.7, 0.4], toSun ** 4)
    const thick = 1 - Math.exp(-((distance * 0.052) ** 1.4) * Math.exp(-Math.max(0, y) * 0.42))
    return mix(color, air, thick)
  }

  function seen(from: Vector, along: Vector, start: number): Vector {
    const distance = march(from, along, start, FAR)
    if (distance >= FAR) return sky(along)
    return ground(
      [from[0] + along[0] * distance, from[1] + along[1] * distance, from[2] + along[2] * distance],
      along,
      distance,
    )
  }

  function water(point: Vector, along: Vector, distance: number): Vector {
    const [x, , z] = point
    const calm = 0.0075 / (1 + distance * 0.6)
    const breeze = 0.4 + 0.9 * smooth(-0.1, 0.35, fractal(x * 0.8 + 5, z * 0.5, 3))
    const ripple = (u: number, v: number) => fractal(u * 16, v * 34, 3)
    const tilt = 0.02
    const normal = normalize([
      (ripple(x - tilt, z) - ripple(x + tilt, z)) * calm * breeze * 1.1,
      2 * tilt,
      (ripple(x, z - tilt) - ripple(x, z + tilt)) * calm * breeze * 1.1,
    ])
    const into = dot(along, normal)
    const mirrored = normalize([
      along[0] - 2 * into * normal[0],
      Math.max(0.004, along[1] - 2 * into * normal[1]),
      along[2] - 2 * into * normal[2],
    ])
    const fresnel = 0.04 + 0.96 * (1 - Math.max(0, -into)) ** 5
    const image = seen([x, 0.002, z], mirrored, 0.02)
    const shallow = smooth(-0.09, 0.01, heightAt(x, z))
    const deep = mix([0.012, 0.055, 0.075], [0.1, 0.12, 0.085], shallow)
    return haze(mix(deep, scale(image, 0.95), Math.min(1, 0.16 + fresnel)), along, distance * 0.55, 0)
  }

  function render(shot: Shot): Buffer {
    const picture = Buffer.allocUnsafe(shot.width * shot.height * 3)
    const from: Vector = [shot.x, shot.y, shot.z]
    const cosine = Math.cos(shot.yaw)
    const sine = Math.sin(shot.yaw)
    let at = 0
    for (let row = 0; row < shot.height; row++) {
      const v = ((shot.height / 2 - row) / shot.width) * 1.25 + 0.03
      for (let column = 0; column < shot.width; column++) {
        const u = ((column - shot.width / 2) / shot.width) * 1.25
        const along = normalize([u * cosine + sine, v, cosine - u * sine])
        const lake = along[1] < 0 ? -from[1] / along[1] : FAR
        const land = march(from, along, 0.05, Math.min(FAR, lake))
        let color: Vector
        if (land < Math.min(FAR, lake)) {
          color = ground([from[0] + along[0] * land, from[1] + along[1] * land, from[2] + along[2] * land], along, land)
        } else if (lake < FAR) {
          color = water([from[0] + along[0] * lake, 0, from[2] + along[2] * lake], along, lake)
        } else {
          color = sky(along)
        }
        const fall = 1 - 0.22 * ((column / shot.width - 0.5) ** 2 + (row / shot.height - 0.5) ** 2) * 2
        for (const part of color) picture[at++] = develop(part * fall)
      }
    }
    return picture
  }

  return { render }
}

/** Light to a byte: the filmic curve of K. Narkowicz, then the display's own. */
function develop(light: number): number {
  const exposed = light * 0.7
  const curve = (exposed * (2.51 * exposed + 0.03)) / (exposed * (2.43 * exposed + 0.59) + 0.14)
  return Math.round(255 * Math.min(1, Math.max(0, curve)) ** (1 / 2.2))
}

/** Gradient noise in two dimensions, about -0.7 to 0.7, repeating every 256. */
function createNoise(seed: number): (x: number, y: number) => number {
  const order = new Uint8Array(512)
  for (let index = 0; index < 256; index++) order[index] = index
  let state = seed
  for (let index = 255; index > 0; index--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const other = state % (index + 1)
    const kept = order[index] as number
    order[index] = order[other] as number
    order[other] = kept
  }
  order.copyWithin(256, 0, 256)
  const lean = Float64Array.from({ length: 512 }, (_, index) => Math.cos(((index % 256) / 256) * 2 * Math.PI))
  const rise = Float64Array.from({ length: 512 }, (_, index) => Math.sin(((index % 256) / 256) * 2 * Math.PI))
  return (x, y) => {
    const column = Math.floor(x)
    const row = Math.floor(y)
    const u = x - column
    const v = y - row
    const left = column & 255
    const top = row & 255
    const a = order[(order[left] as number) + top] as number
    const b = order[(order[left + 1] as number) + top] as number
    const c = order[(order[left] as number) + top + 1] as number
    const d = order[(order[left + 1] as number) + top + 1] as number
    const across = u * u * u * (u * (u * 6 - 15) + 10)
    const down = v * v * v * (v * (v * 6 - 15) + 10)
    const above = corner(a, u, v) * (1 - across) + corner(b, u - 1, v) * across
    const below = corner(c, u, v - 1) * (1 - across) + corner(d, u - 1, v - 1) * across
    return above * (1 - down) + below * down
  }
  function corner(hash: number, u: number, v: number): number {
    return (lean[hash] as number) * u + (rise[hash] as number) * v
  }
}

function smooth(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)))
  return t * t * (3 - 2 * t)
}

function mix(a: Vector, b: Vector, share: number): Vector {
  const t = Math.min(1, Math.max(0, share))
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}

function add(a: Vector, b: Vector): Vector {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

function scale(a: Vector, by: number): Vector {
  return [a[0] * by, a[1] * by, a[2] * by]
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

function normalize(a: Vector): Vector {
  return scale(a, 1 / Math.hypot(a[0], a[1], a[2]))
}
