import { posix } from 'node:path'
import type { Finding, Rule, Tree } from './tree.ts'

/** A link of a page, as it is written, with its line. */
type Link = { readonly target: string; readonly line: number }

/** Where readers begin, and how many clicks away a page of the documentation may be. */
const BEGIN = 'README.md'
const CLICKS = 2

/** Links between pages lead somewhere, and every page of the documentation is near. */
export const links: Rule = {
  name: 'links',
  says: `every relative link in a page leads to a file and a heading that exist, and docs/ is within ${CLICKS} clicks of ${BEGIN}`,
  find(tree) {
    const pages = [...tree.keys()].filter((path) => path.endsWith('.md'))
    const found = pages.flatMap((page) => linksOf(tree.get(page) ?? '').flatMap((link) => broken(tree, page, link)))
    return [...found, ...(tree.has(BEGIN) ? farAway(tree, pages) : [])]
  },
}

function broken(tree: Tree, page: string, { target, line }: Link): Finding[] {
  const wrong = (what: string, cure: string) => [{ where: `${page}:${line}`, wrong: `${target} ${what}`, cure }]
  if (isElsewhere(target)) return []
  if (target.startsWith('/')) return wrong('begins at a root', 'write it as seen from the page, with ../ where needed')
  const [path, anchor] = placeOf(page, target)
  const isFolder = () => [...tree.keys()].some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`))
  if (!tree.has(path) && !isFolder()) return wrong('does not exist', 'name the file that it is about, or leave it out')
  if (anchor === '' || !path.endsWith('.md') || headingsOf(tree.get(path) ?? '').includes(anchor)) return []
  return wrong('names no heading there', 'take the heading in lower case, with - for spaces and without signs')
}

function farAway(tree: Tree, pages: readonly string[]): Finding[] {
  const near = new Set([BEGIN])
  for (let click = 0; click < CLICKS; click++) {
    for (const page of [...near].filter((path) => path.endsWith('.md'))) {
      for (const { target } of linksOf(tree.get(page) ?? '')) {
        if (!isElsewhere(target)) near.add(placeOf(page, target)[0])
      }
    }
  }
  return pages
    .filter((page) => page.startsWith('docs/') && !near.has(page))
    .map((page) => ({
      where: page,
      wrong: `is more than ${CLICKS} clicks away from ${BEGIN}`,
      cure: 'link to it from docs/README.md',
    }))
}

const isElsewhere = (target: string) => /^([a-z][a-z\d+.-]*:|\/\/)/i.test(target)

/** The file that a link names, as a path from the root, and what stands behind the `#`. */
function placeOf(page: string, target: string): readonly [path: string, anchor: string] {
  const [path = '', anchor = ''] = target.split('#')
  const decoded = decodeURIComponent(path)
  return [decoded === '' ? page : posix.normalize(posix.join(posix.dirname(page), decoded)), decodeURIComponent(anchor)]
}

function linksOf(text: string): Link[] {
  return prose(text).flatMap((written, index) =>
    [...written.matchAll(/\]\(<?([^()<>\s]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s+(\S+)/g)].map(([, inline, apart]) => ({
      target: inline ?? apart ?? '',
      line: index + 1,
    })),
  )
}

/** The anchors that a page has, as the common hosts of repositories make them: the second of a name has `-1`. */
function headingsOf(text: string): string[] {
  const seen = new Map<string, number>()
  return text
    .split('\n')
    .filter((line, index) => /^#{1,6}\s/.test(line) && prose(text)[index] !== '')
    .map((line) => {
      const title = line.replace(/^#+\s+/, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      const slug = title
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-')
      const before = seen.get(slug) ?? 0
      seen.set(slug, before + 1)
      return before === 0 ? slug : `${slug}-${before}`
    })
}

/** The lines of a page, those in fences of code empty, and without what stands between backticks. */
function prose(text: string): string[] {
  let fence: string | null = null
  return text.split('\n').map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1]?.slice(0, 3)
    if (mark !== undefined && (fence === null || fence === mark)) {
      fence = fence === null ? mark : null
      return ''
    }
    return fence === null ? line.replace(/`[^`]*`/g, '``') : ''
  })
}
