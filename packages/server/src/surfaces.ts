import type { SurfaceJudge } from './judge.ts'
import type { Parts } from './parts.ts'
import type { Surface } from './surface.ts'
import { createCometchat } from './surfaces/cometchat/surface.ts'

/** Every surface there is, by its name. */
const SURFACES: Readonly<Record<string, (parts: Parts, judge: SurfaceJudge) => Surface>> = {
  cometchat: createCometchat,
}

/**
 * Makes the surfaces that the operator wants. Raises an explained error for a name that is none's, and where one of them cannot work
 * as this server is set up.
 */
export function createSurfaces(parts: Parts, judge: SurfaceJudge, wanted: 'all' | readonly string[]): Surface[] {
  const names = wanted === 'all' ? Object.keys(SURFACES) : wanted
  return names.map((name) => {
    const create = Object.hasOwn(SURFACES, name) ? SURFACES[name] : undefined
    if (create !== undefined) return create(parts, judge)
    throw new Error(`There is no surface ${name}; there are: ${Object.keys(SURFACES).join(', ')}.`)
  })
}
