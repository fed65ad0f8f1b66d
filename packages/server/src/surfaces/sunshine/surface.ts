import type { SurfaceJudge } from '../../judge.ts'
import type { Parts } from '../../parts.ts'
import type { Surface } from '../../surface.ts'
import { mountCalls } from './mount.ts'

/** The face of Sunshine Conversations: its calls under `/v2/apps` and `/v1.1`, translated. */
export function createSunshine(parts: Parts, judge: SurfaceJudge): Surface {
  return mountCalls(parts, judge, [])
}
