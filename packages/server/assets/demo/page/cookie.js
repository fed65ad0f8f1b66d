import { ask, swap } from './calls.js'
import { element, kilobytes, refusal } from './card.js'
import { cell, inForce, step } from './words.js'

const at = (id) => document.getElementById(id)

/**
 * The panel of path cookies: swaps a token for the cookie, shows files by their plain paths, and takes the token back. What a tile shows
 * is only ever what the gate has just answered. `changed` is told after each load, with what was revoked, if anything was.
 */
export function createCookiePanel(calls, { changed, complain }) {
  let state = null
  let token = null
  let tiles = []
  let loaded = false

  function show(found) {
    state = found
    at('cookie-path').textContent = found.cookie.path
    const shown = ['photo', 'audio', 'video'].flatMap((kind) => found.media.filter((one) => one.kind === kind))
    const sibling = { kind: 'photo', filename: 'lake.jpg', path: found.cookie.sibling }
    tiles = [
      ...shown.map((medium) => createTile(medium, medium.filename)),
      ...(sibling.path === null ? [] : [createTile(sibling, 'In another conversation')]),
    ]
    at('cookie-tiles').replaceChildren(...tiles.map(({ root }) => root))
    for (const button of document.querySelectorAll('.actions button')) button.disabled = false
  }

  async function load() {
    loaded = true
    await Promise.all(tiles.map((tile) => tile.load()))
    await explain()
  }

  async function explain() {
    const asked = token
    const photo = state.media.find(({ kind }) => kind === 'photo')
    const places = [
      ['In the conversation', photo?.path],
      ['In another conversation, were it shown there', state.cookie.sibling],
    ].filter(([, path]) => asked !== null && typeof path === 'string')
    const told = await Promise.all(places.map(async ([where, path]) => [where, await calls.inspect(asked, path)]))
    if (asked !== token || told.length === 0) return
    const [[, { claims, key }]] = told
    at('cookie-claims').replaceChildren(
      'It says ',
      cell('code', JSON.stringify(claims)),
      `, signed by key ${key.id} (${key.state}).`,
    )
    at('cookie-why').replaceChildren(...told.map(([where, inspection]) => verdict(where, inspection)))
  }

  async function swapToken() {
    token = await calls.mediaToken(state.cookie.path)
    await swap(token)
    say('The browser holds the cookie now.', ' It sends it for that path alone, and no script can read it.')
    await load()
    await changed()
  }

  /** Without the token itself (the page was loaded anew, the cookie is from before) all of the app are taken back. */
  async function revoke() {
    const revocation = await calls.revoke(token === null ? { mediaTokens: true } : { token })
    const what = token === null ? 'All media tokens of the app are revoked.' : 'The token is revoked.'
    say(what, `${inForce(revocation)} The browser still holds the cookie; it opens nothing.`)
    await load()
    await changed(revocation)
  }

  for (const [id, act] of [
    ['cookie-swap', swapToken],
    ['cookie-load', () => load().then(() => changed())],
    ['cookie-revoke', revoke],
  ]) {
    at(id).addEventListener('click', async () => {
      at(id).disabled = true
      await act().catch(complain)
      at(id).disabled = false
    })
  }

  return {
    show,
    /** Something was changed elsewhere: what is on show is asked for again. */
    async refresh(found) {
      const paths = ({ media, cookie }) => JSON.stringify([media.map(({ path }) => path), cookie])
      if (paths(found) !== paths(state)) show(found)
      state = found
      if (loaded) await load()
    },
  }
}

function createTile(medium, title) {
  const root = at('tile').content.firstElementChild.cloneNode(true)
  const part = (selector) => root.querySelector(selector)
  let shown = false
  let turn = 0
  part('figcaption').textContent = title
  part('.url').textContent = medium.path
  say('–', 'Not asked for yet.', false)

  function say(code, words, refused) {
    part('.answer').classList.toggle('no', refused)
    part('.answer .code').textContent = code
    part('.answer .words').textContent = words
  }

  /** Asks the gate by the plain path, with whatever cookie the browser holds for it. */
  async function load() {
    const mine = ++turn
    const unreachable = (error) => ({ status: 0, code: 'unreachable', detail: error.message, blob: null })
    const answer = await ask(medium.path, medium.kind === 'photo', true).catch(unreachable)
    if (mine !== turn) return
    if (answer.blob === null) {
      shown = false
      part('.frame').replaceChildren(refusal(answer))
      return say(String(answer.status), answer.code, true)
    }
    say(String(answer.status), `${answer.type} · ${kilobytes(answer.size)}`, false)
    if (shown) return
    shown = true
    part('.frame').replaceChildren(element(medium, medium.path, 'opened by the cookie'))
  }

  return { root, load }
}

/** What the gate says of the token at one place; what stands in its way first. */
function verdict(where, { decision, steps }) {
  const root = document.createElement('div')
  root.className = 'why'
  const line = cell(
    'p',
    `${where}: ${decision.allow ? 'it opens the file.' : `refused, ${decision.reason}`}`,
    'verdict',
  )
  line.classList.toggle('no', !decision.allow)
  const failed = steps.filter(({ outcome }) => outcome === 'fail')
  const list = cell('ol', '', 'steps')
  list.append(...failed.map(step), ...steps.filter((one) => !failed.includes(one)).map(step))
  root.append(line, list)
  return root
}

function say(what, more) {
  at('cookie-result').replaceChildren(cell('b', what), more)
}
