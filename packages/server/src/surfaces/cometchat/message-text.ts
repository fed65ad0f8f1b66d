import { randomBytes } from 'node:crypto'
import type { Attachment, Message } from '@gatehouse/storage/records/port'
import { filesOf, isKept, layOut, othersIn, type Scene, showMessage } from './message-view.ts'

/** Writes messages as the JSON text that they leave as. */
export type MessageTexts = {
  /** A JSON list of what `showMessage` makes of each. */
  list(messages: readonly Message[], scene: Scene): string
}

/** What is not the message's own, and is filled in for each reader: somebody, alone or as an entity, a URL, or the uid of who did something. */
type Hole =
  | { readonly kind: 'user' | 'person' | 'group' | 'who'; readonly id: string }
  | { readonly kind: 'url'; readonly of: Attachment; readonly plain: boolean }

/** A message's text but for its holes: texts with a hole between each two. */
type Template = {
  readonly texts: readonly string[]
  readonly holes: readonly Hole[]
  /** The files that it was made with; undefined: one that was not there. */
  readonly files: readonly (readonly [id: string, file: Attachment | undefined])[]
}

/**
 * Creates the writer. What storage answers unchanged it answers as the same object, and for as long as it does, the text of a message is
 * kept beside it: without any URL and without anybody's name, which are looked up for every page.
 */
export function createMessageTexts(): MessageTexts {
  const templates = new WeakMap<Message, Template>()
  // Nobody is ever shown it, so nobody can write it into a message.
  const mark = randomBytes(16).toString('hex')
  const cut = new RegExp(`"${mark}(\\d+)"`)

  /** Null where the text depends on more of the scene than the holes and the files. */
  function templateOf(message: Message, scene: Scene): Template | null {
    const known = templates.get(message)
    if (known !== undefined && isOf(known, scene)) return known
    if (!isKept(message)) return null
    const holes: Hole[] = []
    const hole = (one: Hole) => `${mark}${holes.push(one) - 1}`
    const shown = layOut(message, scene, {
      user: (id) => hole({ kind: 'user', id }),
      person: (id) => hole({ kind: 'person', id }),
      group: (id) => hole({ kind: 'group', id }),
      who: (id) => hole({ kind: 'who', id }),
      url: (of) => hole({ kind: 'url', of, plain: isPlain(of.path) }),
    })
    const pieces = JSON.stringify(shown).split(cut)
    const template = {
      texts: pieces.filter((_, index) => index % 2 === 0),
      // In the order of the text, which is not that of asking.
      holes: pieces.flatMap((piece, index) => (index % 2 === 0 ? [] : (holes[Number(piece)] ?? []))),
      files: filesOf(message).map((id) => [id, scene.attachments.get(id)] as const),
    }
    templates.set(message, template)
    return template
  }

  return {
    list(messages, scene) {
      const fill = createFilling(scene)
      let list = '['
      for (const message of messages) {
        if (list.length > 1) list += ','
        // What is guarded is looked through as a whole.
        const template = scene.guard === null ? templateOf(message, scene) : null
        list += template === null ? JSON.stringify(showMessage(message, scene)) : filled(template, fill)
      }
      return `${list}]`
    },
  }
}

/** Whether the files are those that the template was made with. */
function isOf({ files }: Template, { attachments }: Scene): boolean {
  for (const [id, file] of files) if (attachments.get(id) !== file) return false
  return true
}

function filled({ texts, holes }: Template, fill: (hole: Hole) => string): string {
  let text = texts[0] ?? ''
  for (let i = 0; i < holes.length; i++) text += fill(holes[i] as Hole) + texts[i + 1]
  return text
}

/** The text of each hole in one scene; each person and group is written once, and each URL that follows itself. */
function createFilling(scene: Scene): (hole: Hole) => string {
  const others = othersIn(scene)
  const entities = {
    user: new Map<string, string>(),
    person: new Map<string, string>(),
    group: new Map<string, string>(),
  }
  let last: { readonly of: Attachment; readonly text: string } | null = null
  /** Whether what stands in front of the paths of URLs needs no escapes; null: not known yet. */
  let plain: boolean | null = null

  /**
   * A URL in JSON. In front of all paths of a page stands the same, and behind them nothing that needs an escape; to look for one takes longer
   * than all the rest.
   */
  function quoted(of: Attachment, plainPath: boolean): string {
    const url = others.url(of)
    if (!plainPath) return JSON.stringify(url)
    plain ??= isPlain(url)
    return plain ? `"${url}"` : JSON.stringify(url)
  }

  return (hole) => {
    if (hole.kind === 'url') {
      if (last?.of !== hole.of) last = { of: hole.of, text: quoted(hole.of, hole.plain) }
      return last.text
    }
    if (hole.kind === 'who') return JSON.stringify(others.who(hole.id))
    const known = entities[hole.kind].get(hole.id)
    if (known !== undefined) return known
    const text = JSON.stringify(others[hole.kind](hole.id))
    entities[hole.kind].set(hole.id, text)
    return text
  }
}

/** Whether a text stands in JSON as it is. */
function isPlain(text: string): boolean {
  return JSON.stringify(text).length === text.length + 2
}
