import { createCalls } from './calls.js'
import { createCard } from './card.js'
import { createCookiePanel } from './cookie.js'
import { cell, inForce, step } from './words.js'

const LOG_LINES = 12
const at = (id) => document.getElementById(id)
const calls = createCalls()
const cards = new Map()
const cookie = createCookiePanel(calls, { changed: afterCookie, complain })
let state
let kind = 'photo'
let whose
let lastRevocation = 0

await start().catch(complain)

async function start() {
  state = await calls.load()
  for (const receiver of state.receivers) {
    const card = createCard(receiver, flip)
    cards.set(receiver.id, card)
    at('stage').append(card.root)
    at('whose').append(chooser(receiver))
  }
  choose(state.receivers[0].id)
  tabs()
  cookie.show(state)
  at('commands').append(...commands().map(([title, text]) => command(title, text)))
  lastRevocation = await calls.lastRevocation()
  await people()
  await refresh()
  watch()
}

/** Deactivates or activates a user, says what that achieved, and asks the gate again for what everybody sees. */
async function flip(receiver, action) {
  try {
    const { revocation } = await calls.turn(receiver.id, action)
    const done = action === 'deactivate' ? 'is deactivated' : 'is active again'
    announce(receiver.name, done, revocation)
    lastRevocation = Math.max(lastRevocation, revocation?.sequence ?? 0)
    await people()
    await refresh()
  } catch (error) {
    complain(error)
  }
}

function announce(name, done, revocation) {
  const who = document.createElement('b')
  who.textContent = `${name} ${done}.`
  at('result').replaceChildren(who, inForce(revocation))
}

/** The cookie's panel has asked for files or changed something: its lines stand in the log, its changes are known. */
async function afterCookie(revocation) {
  lastRevocation = Math.max(lastRevocation, revocation?.sequence ?? 0)
  await log()
}

async function people() {
  const { items } = await calls.users()
  for (const user of items) cards.get(user.id)?.setActive(user.status === 'active')
}

/** Asks the gate for the file on show, once for each receiver; then why, and who looked. */
async function refresh() {
  const medium = state.media.find((one) => one.kind === kind)
  await Promise.all([...cards.values()].map((card) => card.show(medium)))
  await Promise.all([explain(), log()])
}

async function explain() {
  const user = whose
  const url = state.media.find((one) => one.kind === kind)?.urls[user]
  if (url === undefined) return at('steps').replaceChildren()
  const { decision, steps } = await calls.inspect(new URL(url).searchParams.get('t'), url)
  if (user !== whose) return
  const name = state.receivers.find(({ id }) => id === user).name
  at('verdict').classList.toggle('no', !decision.allow)
  at('verdict').textContent = decision.allow ? `${name} may look.` : `${name} is refused: ${decision.reason}`
  const failed = steps.filter(({ outcome }) => outcome === 'fail')
  at('steps').replaceChildren(...failed.map(step), ...steps.filter((one) => !failed.includes(one)).map(step))
}

async function log() {
  const { items } = await calls.views(LOG_LINES)
  at('log').replaceChildren(...items.map(line))
}

function line(view) {
  const row = document.createElement('tr')
  const name = state.receivers.find(({ id }) => id === view.user)?.name ?? view.user ?? '–'
  const outcome = document.createElement('td')
  outcome.append(cell('span', `${view.status} ${view.reason}`, view.allowed ? 'ok' : 'no'))
  if (view.count > 1) outcome.append(` × ${view.count}`)
  row.append(
    cell('td', new Date(view.lastAt ?? view.at).toLocaleTimeString()),
    cell('td', name),
    cell('td', decodeURIComponent(view.resource.split('/').at(-1))),
    outcome,
    cell('td', view.bytes.toLocaleString(), 'number'),
  )
  return row
}

function chooser({ id, name }) {
  const button = cell('button', name)
  button.type = 'button'
  button.dataset.user = id
  button.setAttribute('aria-label', `Explain the link of ${name}`)
  button.addEventListener('click', () => {
    choose(id)
    explain().catch(complain)
  })
  return button
}

function choose(id) {
  whose = id
  for (const button of at('whose').children) button.setAttribute('aria-pressed', String(button.dataset.user === id))
}

/** Tabs as the ARIA practices have them: arrows move, the others are out of the tab order. */
function tabs() {
  const all = [...document.querySelectorAll('[role=tab]')]
  const select = (tab) => {
    kind = tab.dataset.kind
    for (const one of all) {
      one.setAttribute('aria-selected', String(one === tab))
      one.tabIndex = one === tab ? 0 : -1
    }
    at('stage').setAttribute('aria-labelledby', tab.id)
    tab.focus()
    refresh().catch(complain)
  }
  for (const [index, tab] of all.entries()) {
    tab.addEventListener('click', () => select(tab))
    tab.addEventListener('keydown', ({ key }) => {
      const move = { ArrowRight: 1, ArrowLeft: -1 }[key]
      if (move !== undefined) select(all[(index + move + all.length) % all.length])
    })
  }
}

function commands() {
  const users = `${location.origin}/v1/apps/${state.app}/users`
  const photo = state.media.find((one) => one.kind === 'photo')
  const [first] = state.receivers
  return [
    ['A token for this shell; it ends in fifteen minutes', `TOKEN=${state.token}`],
    [
      `Take ${first.name}’s access away`,
      `curl -X POST -H "Authorization: Bearer $TOKEN" ${users}/${first.id}/deactivate`,
    ],
    [`What ${first.name}’s URL answers`, `curl -i --head '${photo?.urls[first.id] ?? ''}'`],
    ['Give it back', `curl -X POST -H "Authorization: Bearer $TOKEN" ${users}/${first.id}/activate`],
  ]
}

function command(title, text) {
  const root = at('command').content.firstElementChild.cloneNode(true)
  root.querySelector('figcaption').textContent = title
  root.querySelector('code').textContent = text
  const button = root.querySelector('button')
  button.setAttribute('aria-label', `Copy: ${title}`)
  button.addEventListener('click', async () => {
    await navigator.clipboard?.writeText(text).then(
      () => (button.textContent = 'Copied'),
      () => getSelection().selectAllChildren(root.querySelector('code')),
    )
    setTimeout(() => (button.textContent = 'Copy'), 1500)
  })
  return root
}

/** Looks every second whether somebody else has changed anything, as long as the page is in view. */
function watch() {
  setInterval(async () => {
    if (document.hidden) return
    try {
      const [newest] = await Promise.all([calls.lastRevocation(), log()])
      at('trouble').hidden = true
      if (newest === lastRevocation) return
      lastRevocation = newest
      state = await calls.load()
      await people()
      await refresh()
      await cookie.refresh(state)
    } catch (error) {
      complain(error)
    }
  }, 1000)
}

function complain(error) {
  at('trouble').textContent = error.message
  at('trouble').hidden = false
}
