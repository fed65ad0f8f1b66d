import type { Parts } from '../parts.ts'
import { DEMO } from './samples.ts'
import { demoAttachments, demoKey } from './seed.ts'

/**
 * The text that a start with `--demo` prints: where the page is, and a proof to paste into a terminal. The secret of the
 * demonstration's key is in it, so it MUST go to the operator's terminal only, never to a log. Empty where the
 * demonstration is not there.
 */
export async function demoProof(parts: Pick<Parts, 'config' | 'records' | 'links' | 'vault'>): Promise<string> {
  const [links, key] = await Promise.all([parts.links.of(DEMO.app), demoKey(parts)])
  const photo = (await demoAttachments(parts)).get('photo')
  if (links === null || key === null || photo === undefined) return ''
  const urls = await Promise.all(
    DEMO.receivers.map(async (user) => {
      const receiver = await parts.records.attachments.receiver(photo, user)
      return receiver === null ? '' : links.url(photo, receiver)
    }),
  )
  const [bob = '', carol = ''] = urls
  const secret = Buffer.from(parts.vault.open(key.sealedSecret, 'api-key')).toString()
  const users = `${parts.config.publicUrl}/v1/apps/${DEMO.app}/users`
  const call = (action: string) => `curl -s -X POST -u ${key.id}:${secret} ${users}/bob/${action}`
  const look = (url: string) => `curl -s -o /dev/null -w '%{http_code}\\n' '${url}'`
  return [
    '',
    `  Open    ${parts.config.publicUrl}/`,
    `  API     ${parts.config.publicUrl}/docs`,
    '',
    '  Recipient links: one photo, a URL for each receiver. Both answer 200.',
    '',
    `    ${look(bob)}`,
    `    ${look(carol)}`,
    '',
    '  Deactivate Bob: his URL answers 401 from now on, Carol\u2019s still 200.',
    '',
    `    ${call('deactivate')}`,
    '',
    '  Activate him: the very same URL answers 200 again.',
    '',
    `    ${call('activate')}`,
    '',
  ].join('\n')
}
