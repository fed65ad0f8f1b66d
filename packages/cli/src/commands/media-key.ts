import { Command } from 'commander'
import type { Changed } from '../answers.ts'
import { type ConnectionOptions, connect, connected } from '../connection.ts'
import { changedText } from '../revocation.ts'
import { teach } from '../teach.ts'
import { print, type Terminal, table } from '../terminal.ts'

type MediaKeyView = {
  readonly id: string
  readonly state: string
  readonly createdAt: string
  readonly since: string
}
type Keys = { readonly items: readonly MediaKeyView[] }

/** `gatehouse media-key`: the keys that sign media tokens, for the whole installation. */
export function mediaKeyCommand(terminal: Terminal): Command {
  return teach(
    new Command('media-key')
      .description('list, rotate and retire the keys that sign media tokens')
      .addCommand(list(terminal))
      .addCommand(rotate(terminal))
      .addCommand(retire(terminal)),
    {
      examples: ['gatehouse media-key list', 'gatehouse media-key rotate'],
      more: 'They rotate by themselves, after --media-key-days of the server. These commands need an account-wide key.',
    },
  )
}

function list(terminal: Terminal): Command {
  const command = connected(new Command('list').description('list the keys, newest first')).action(
    async (options: ConnectionOptions) => {
      const keys = await connect(terminal, options).call<Keys>('GET', '/v1/media-keys')
      print(terminal, options.json, keys, text(keys))
    },
  )
  return teach(command, { examples: ['gatehouse media-key list'], next: ['gatehouse media-key rotate'] })
}

function rotate(terminal: Terminal): Command {
  const command = connected(
    new Command('rotate').description('let the next key sign; what the one before has signed stays good until it ends'),
  ).action(async (options: ConnectionOptions) => {
    const keys = await connect(terminal, options).call<Changed<Keys>>('POST', '/v1/media-keys/rotate')
    print(terminal, options.json, keys, `rotated${changedText(keys)}\n${text(keys)}`)
  })
  return teach(command, { examples: ['gatehouse media-key rotate'], next: ['gatehouse media-key list'] })
}

function retire(terminal: Terminal): Command {
  const command = connected(
    new Command('retire')
      .description('void everything that a key has signed, at once and for good')
      .argument('<key>', 'its id: the kid of its tokens'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const path = `/v1/media-keys/${encodeURIComponent(id)}/retire`
    const keys = await connect(terminal, options).call<Changed<Keys>>('POST', path)
    print(terminal, options.json, keys, `retired ${id}${changedText(keys)}\n${text(keys)}`)
  })
  return teach(command, {
    examples: ['gatehouse media-key retire 0B1C2D3E-4F50-4162-8374-95A6B7C8D9E0'],
    more: 'For a key that others may know. For one app alone: gatehouse revoke --media-tokens --app APP',
  })
}

function text({ items }: Keys): string {
  return table(
    ['id', 'state', 'since'],
    items.map(({ id, state, since }) => [id, state, since]),
  )
}
