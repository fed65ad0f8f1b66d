export function cell(tag, text, className = '') {
  const made = document.createElement(tag)
  made.textContent = text
  if (className !== '') made.className = className
  return made
}

/** One check. What failed says so in full; the sentence of what holds is there for the pointer and for screen readers. */
export function step({ check, outcome, detail }) {
  const row = document.createElement('li')
  row.className = outcome === 'skip' ? 'skip-step' : outcome
  const sign = cell('span', { pass: '✓', fail: '✕', skip: '–' }[outcome], 'sign')
  sign.setAttribute('role', 'img')
  sign.setAttribute('aria-label', { pass: 'holds', fail: 'fails', skip: 'not asked' }[outcome])
  row.title = detail
  row.append(sign, cell('span', check, 'what'), cell('span', detail, outcome === 'fail' ? 'detail' : 'unseen'))
  return row
}

/** What a revocation has achieved, as a sentence; nothing where nothing was revoked. */
export function inForce(revocation) {
  if (revocation === undefined) return ''
  const { sequence, nodes, milliseconds, cut } = revocation
  const where = nodes === 1 ? 'on the one node there is' : `on all ${nodes} nodes`
  const responses = cut === 1 ? 'one open response was' : `${cut} open responses were`
  return ` In force ${where} after ${milliseconds} ms (change ${sequence}); ${responses} cut.`
}
