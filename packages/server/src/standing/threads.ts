import type { MessagePort, Worker } from 'node:worker_threads'
import { type Change, Conflict, Full, type LoggedChange, Missing, Unavailable } from '@gatehouse/storage/records/port'
import type { Standings } from '../parts.ts'
import type { Peer } from './standings.ts'

type Changed = Awaited<ReturnType<Standings['change']>>

/** What goes between the thread that keeps the order of changes and the threads that serve. */
type Message =
  | { readonly type: 'change'; readonly id: number; readonly change: Change; readonly by: string }
  | { readonly type: 'changed'; readonly id: number; readonly result: Changed }
  | { readonly type: 'failed'; readonly id: number; readonly name: string; readonly message: string }
  | { readonly type: 'apply'; readonly id: number; readonly logged: LoggedChange }
  | { readonly type: 'applied'; readonly id: number; readonly cut: number }

/** Something that messages can be sent to and heard from: a worker, or the port to the parent. */
export type Port = MessagePort | Worker

/**
 * The keeping thread's end: a {@link Peer} for each serving thread, whose own changes are passed on to `change`. A thread that has ended
 * serves nobody and keeps nobody waiting.
 */
export function createThreadPeer(port: Port, change: Standings['change']): Peer {
  const waiting = new Map<number, (cut: number) => void>()
  let next = 1
  let ended = false
  const end = () => {
    ended = true
    for (const resolve of waiting.values()) resolve(0)
    waiting.clear()
  }
  // A worker says `exit`, a port `close`.
  port.once('exit', end)
  port.once('close', end)
  port.on('message', (message: Message) => {
    if (message.type === 'applied') {
      waiting.get(message.id)?.(message.cut)
      waiting.delete(message.id)
    } else if (message.type === 'change') {
      const { id } = message
      change(message.change, message.by).then(
        (result) => port.postMessage({ type: 'changed', id, result } satisfies Message),
        (error: Error) =>
          port.postMessage({ type: 'failed', id, name: error.name, message: error.message } satisfies Message),
      )
    }
  })
  return {
    apply(logged) {
      if (ended) return Promise.resolve(0)
      const id = next++
      return new Promise((resolve) => {
        waiting.set(id, resolve)
        port.postMessage({ type: 'apply', id, logged } satisfies Message)
      })
    },
  }
}

/**
 * A serving thread's end: its changes go to the keeping thread, and what the keeping thread says is applied here. `apply` answers how many
 * open responses it cut.
 */
export function createThreadStandings(port: Port, apply: (logged: LoggedChange) => number): Standings {
  const waiting = new Map<number, { resolve: (result: Changed) => void; reject: (error: Error) => void }>()
  let next = 1
  port.on('message', (message: Message) => {
    if (message.type === 'apply') {
      const cut = apply(message.logged)
      port.postMessage({ type: 'applied', id: message.id, cut } satisfies Message)
    } else if (message.type === 'changed') {
      waiting.get(message.id)?.resolve(message.result)
      waiting.delete(message.id)
    } else if (message.type === 'failed') {
      waiting.get(message.id)?.reject(errorOf(message.name, message.message))
      waiting.delete(message.id)
    }
  })
  return {
    change(change, by) {
      const id = next++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        port.postMessage({ type: 'change', id, change, by } satisfies Message)
      })
    },
  }
}

/** Errors lose their class between threads; the storage port's own get it back. */
function errorOf(name: string, message: string): Error {
  if (name === 'Unavailable') return new Unavailable(message)
  if (name === 'Full') return new Full(message)
  if (name === 'Conflict') return new Conflict(message.replace(/ exists already$/, ''))
  if (name === 'Missing') return new Missing(message.replace(/^there is no such /, ''))
  return new Error(message)
}
