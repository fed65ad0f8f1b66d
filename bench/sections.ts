import type { Section } from './section.ts'
import { decision } from './sections/decision.ts'
import { history } from './sections/history.ts'
import { large } from './sections/large.ts'
import { links } from './sections/links.ts'
import { loop } from './sections/loop.ts'
import { media } from './sections/media.ts'
import { nodes } from './sections/nodes.ts'
import { revocation } from './sections/revocation.ts'
import { signing } from './sections/signing.ts'
import { standing } from './sections/standing.ts'
import { start } from './sections/start.ts'
import { workers } from './sections/workers.ts'

/** Every section, in the order in which they run and are reported. */
export const SECTIONS: readonly Section[] = [
  media,
  workers,
  large,
  decision,
  links,
  history,
  revocation,
  signing,
  nodes,
  standing,
  loop,
  start,
]
