import { resourceOf } from '@gatehouse/core/resource'
import type { Attachment } from '@gatehouse/storage/records/port'
import type { Parts } from '../parts.ts'
import { DEMO } from './samples.ts'
import { demoAttachments, demoKey, demoSibling } from './seed.ts'

/**
 * The text that a start with `--demo` prints: where the page is, and for each door a proof to paste into a terminal. The secret
 * of the demonstration's key is in it, so it MUST go to the operator's terminal only, never to a log. Empty where the
 * demonstration is not there.
 */
export async function demoProof(parts: Pick<Parts, 'config' | 'records' | 'links' | 'vault'>): Promise<string> {
  const [links, key] = await Promise.all([parts.links.of(DEMO.app), demoKey(parts)])
  const [photo, sibling] = [(await demoAttachments(parts)).get('photo'), await demoSibling(parts)]
  if (links === null || key === null || photo === undefined) return ''
  const { publicUrl } = parts.config
  const urls = await Promise.all(
    DEMO.receivers.map(async (user) => {
      const receiver = await parts.records.attachments.receiver(photo, user)
      return receiver === null ? '' : links.url(photo, receiver)
    }),
  )
  const secret = Buffer.from(parts.vault.open(key.sealedSecret, 'api-key')).toString()
  const operator: Operator = { credential: `-u ${key.id}:${secret}`, app: `${publicUrl}/v1/apps/${DEMO.app}` }
  return [
    '',
    `  Open    ${publicUrl}/`,
    `  API     ${publicUrl}/docs`,
    ...recipientLinks(operator, urls),
    ...(sibling === null ? [] : pathCookies(operator, parts.config.mediaUrl, photo, sibling)),
    '',
  ].join('\n')
}

/** How the operator calls: as which key, and where the app's calls are. */
type Operator = { readonly credential: string; readonly app: string }

function recipientLinks({ credential, app }: Operator, [bob = '', carol = '']: readonly string[]): readonly string[] {
  const call = (action: string) => `curl -s -w '\\n' -X POST ${credential} ${app}/users/bob/${action}`
  return [
    ...said('Recipient links: one photo, a URL for each receiver. Both answer 200.'),
    ...pasted(look(`'${bob}'`), look(`'${carol}'`)),
    ...said('Deactivate Bob: his URL answers 401 from now on, Carol\u2019s still 200.'),
    ...pasted(call('deactivate')),
    ...said('Activate him: the very same URL answers 200 again.'),
    ...pasted(call('activate')),
  ]
}

/** Needs curl 7.10 and a POSIX shell. What the shell is to remember stands in two variables. */
function pathCookies(
  { credential, app }: Operator,
  mediaUrl: string,
  photo: Attachment,
  sibling: Attachment,
): readonly string[] {
  const { path } = resourceOf('apps', DEMO.app, 'conversations', DEMO.conversation)
  const post = (call: string, body: string) =>
    `curl -s -w '\\n' ${credential} -H 'Content-Type: application/json' -d ${body} ${app}/${call}`
  const bearer = '-H "Authorization: Bearer $TOKEN"'
  const [file, other] = [`'${mediaUrl}${photo.path}'`, `'${mediaUrl}${sibling.path}'`]
  return [
    ...said(
      'Path cookies: a token for one conversation, swapped for a cookie (200), with which the plain URL opens (200).',
    ),
    ...pasted(
      `TOKEN=$(${post('media-tokens', `'{"paths": ["${path}"]}'`)} | grep -o 'eyJ[^"]*'); JAR=$(mktemp)`,
      look(`-c "$JAR" ${bearer} ${mediaUrl}/v1/cookie`),
      look(`-b "$JAR" ${file}`),
    ),
    ...said(
      'The same photo in another conversation: the cookie is not sent there (401), and the token does not open it (403).',
    ),
    ...pasted(look(`-b "$JAR" ${other}`), look(`${bearer} ${other}`)),
    ...said('Revoke the token: the file answers 401 from now on, although the cookie is still there (1).'),
    ...pasted(
      post('revocations', '"{\\"token\\": \\"$TOKEN\\"}"'),
      look(`-b "$JAR" ${file}`),
      'grep -c gatehouse_media "$JAR"; rm "$JAR"',
    ),
  ]
}

function said(sentence: string): readonly string[] {
  return ['', `  ${sentence}`, '']
}

function pasted(...lines: readonly string[]): readonly string[] {
  return lines.map((line) => `    ${line}`)
}

/** Prints the status of what is at a URL, and nothing else. */
function look(words: string): string {
  return `curl -s -o /dev/null -w '%{http_code}\\n' ${words}`
}
