import type { Section } from './section.ts'
import { media } from './sections/media.ts'

/** Every section, in the order in which they run and are reported. */
export const SECTIONS: readonly Section[] = [media]
