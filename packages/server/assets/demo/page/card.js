import { ask } from './calls.js'

const SVG = 'http://www.w3.org/2000/svg'

/**
 * One receiver: who they are, what their URL shows, and the switch. What is on show is only ever what the gate has just
 * answered; a refusal empties the frame.
 */
export function createCard(receiver, onSwitch) {
  const root = document.getElementById('card').content.firstElementChild.cloneNode(true)
  const part = (selector) => root.querySelector(selector)
  const frame = part('.frame')
  const button = part('.switch')
  let shown = null
  let objectUrl = null
  let active = true
  let turn = 0

  root.dataset.user = receiver.id
  part('.avatar').textContent = receiver.name.slice(0, 1)
  part('h3').textContent = receiver.name
  button.addEventListener('click', async () => {
    button.disabled = true
    try {
      await onSwitch(receiver, active ? 'deactivate' : 'activate')
    } finally {
      button.disabled = false
    }
  })

  function setActive(now) {
    active = now
    root.classList.toggle('off', !now)
    part('.pill').textContent = now ? 'Active' : 'Deactivated'
    button.textContent = now ? `Deactivate ${receiver.name}` : `Reactivate ${receiver.name}`
  }

  function empty() {
    frame.replaceChildren()
    if (objectUrl !== null) URL.revokeObjectURL(objectUrl)
    objectUrl = null
    shown = null
  }

  function say(code, words, refused) {
    part('.answer').classList.toggle('no', refused)
    part('.answer .code').textContent = code
    part('.answer .words').textContent = words
  }

  /** Asks the gate for this file by the receiver's URL and shows what it answers. */
  async function show(medium) {
    const mine = ++turn
    const url = medium?.urls[receiver.id]
    if (url === undefined) {
      empty()
      part('.address a').replaceChildren()
      return say('–', 'No receiver of this file any more.', true)
    }
    link(part('.address a'), url)
    const whole = medium.kind === 'photo' || medium.kind === 'pdf'
    const answer = await ask(url, whole).catch((error) => ({ status: 0, code: 'unreachable', detail: error.message }))
    if (mine !== turn) return
    if (answer.blob === undefined || answer.blob === null) {
      empty()
      frame.append(refusal(answer))
      return say(String(answer.status), answer.code, true)
    }
    say(String(answer.status), `${answer.type} · ${kilobytes(answer.size)}`, false)
    if (shown === url) return
    empty()
    shown = url
    if (whole) objectUrl = URL.createObjectURL(answer.blob)
    frame.append(element(medium, objectUrl ?? url, `as ${receiver.name} sees it`))
  }

  setActive(true)
  return { root, setActive, show }
}

/** The element that plays or shows a file; `seen` says by whom. */
export function element(medium, source, seen) {
  const tag = { photo: 'img', pdf: 'iframe', audio: 'audio', video: 'video' }[medium.kind]
  const made = document.createElement(tag)
  if (tag === 'img') made.alt = `A mountain lake in evening light, ${seen}`
  else if (tag === 'iframe') made.title = `${medium.filename}, ${seen}`
  else {
    made.controls = true
    made.preload = 'auto'
    made.setAttribute('aria-label', `${medium.filename}, ${seen}`)
  }
  if (tag === 'video') made.playsInline = true
  made.src = tag === 'iframe' ? `${source}#toolbar=0&navpanes=0&view=FitH` : source
  return made
}

/** What stands in a frame in place of a file that the gate has refused. */
export function refusal({ status, code, detail }) {
  const box = document.createElement('div')
  box.className = 'refused'
  const sign = document.createElementNS(SVG, 'svg')
  sign.setAttribute('viewBox', '0 0 24 24')
  sign.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13zM12 14.5v2')
  for (const [name, value] of [
    ['fill', 'none'],
    ['stroke', 'currentColor'],
    ['stroke-width', '1.6'],
    ['stroke-linecap', 'round'],
    ['stroke-linejoin', 'round'],
  ]) {
    path.setAttribute(name, value)
  }
  sign.append(path)
  const title = document.createElement('strong')
  title.textContent = status === 0 ? 'The server did not answer' : `Refused with ${status}`
  const reason = document.createElement('code')
  reason.textContent = code
  const words = document.createElement('p')
  words.textContent = detail
  box.append(sign, title, reason, words)
  return box
}

/** The URL as text, with the part that is this receiver's own set off. */
function link(anchor, url) {
  if (anchor.href === url) return
  const cut = url.indexOf('?t=')
  const own = document.createElement('mark')
  own.textContent = cut < 0 ? '' : url.slice(cut + 3)
  anchor.href = url
  anchor.replaceChildren(cut < 0 ? url : url.slice(0, cut + 3), own)
}

/** A size in bytes, for people. */
export function kilobytes(size) {
  return size < 1000 ? `${size} B` : `${Math.round(size / 1000)} kB`
}
