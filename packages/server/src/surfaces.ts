import type { Config } from './config.ts'
import type { SurfaceJudge } from './judge.ts'
import type { Parts } from './parts.ts'
import type { Surface } from './surface.ts'
import { createCometchat, whyNotCometchat } from './surfaces/cometchat/surface.ts'
import { createSunshine } from './surfaces/sunshine/surface.ts'

type Known = {
  readonly create: (parts: Parts, judge: SurfaceJudge) => Surface
  /** Why it cannot work as the server is set up, in a sentence; null where it can. */
  readonly whyNot: (config: Config) => string | null
}

/** Every surface there is, by its name. */
const SURFACES: Readonly<Record<string, Known>> = {
  cometchat: { create: createCometchat, whyNot: whyNotCometchat },
  sunshine: { create: createSunshine, whyNot: () => null },
}

/** Raises an explained error where a surface is wanted that there is not, or that cannot work as the server is set up. */
export function checkSurfaces(config: Config): void {
  for (const { whyNot } of wantedOf(config)) {
    const why = whyNot(config)
    if (why !== null) throw new Error(why)
  }
}

/** Makes the surfaces that the operator wants. */
export function createSurfaces(parts: Parts, judge: SurfaceJudge): Surface[] {
  return wantedOf(parts.config).map(({ create }) => create(parts, judge))
}

function wantedOf({ surfaces }: Config): readonly Known[] {
  const names = surfaces === 'all' ? Object.keys(SURFACES) : surfaces
  return names.map((name) => {
    const known = Object.hasOwn(SURFACES, name) ? SURFACES[name] : undefined
    if (known !== undefined) return known
    throw new Error(`There is no surface ${name}; there are: ${Object.keys(SURFACES).join(', ')}.`)
  })
}
