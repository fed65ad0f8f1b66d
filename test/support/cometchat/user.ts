import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { type CometChatSdkVersion, cometChatSdkFile } from '../../../script/cometchat-sdk.ts'
import type { Calls } from './calls.ts'

/** What a call of the SDK was rejected with. */
export type SdkError = { readonly code: string | null; readonly message: string }

/** A user with the SDK in a process of their own. */
export type SdkProcess = {
  /** Calls the SDK. Raises where it rejects, or does not end. */
  readonly do: <Name extends keyof Calls>(
    name: Name,
    ...of: Parameters<Calls[Name]>
  ) => Promise<Awaited<ReturnType<Calls[Name]>>>
  /** Calls the SDK, asserts that it rejects, and answers what with. */
  readonly fails: <Name extends keyof Calls>(name: Name, ...of: Parameters<Calls[Name]>) => Promise<SdkError>
  readonly stop: () => void
}

/** How a user's SDK is set up. */
export type SdkOptions = {
  readonly version: CometChatSdkVersion
  /** Host and port of the https front. */
  readonly host: string
  readonly app: string
  /** The file of the certificate that this process alone trusts. */
  readonly certificate: string
  readonly headerMode?: boolean
}

type Answer = { readonly number: number; readonly value?: unknown; readonly error?: SdkError }

/** Starts a process with the SDK, and initialises it. */
export async function startSdkUser({ version, host, app, certificate, headerMode }: SdkOptions): Promise<SdkProcess> {
  const child = fork(new URL('user-process.ts', import.meta.url), [cometChatSdkFile(version)], {
    execArgv: [],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, (answer: Answer) => void>()
  child.on('message', (answer: Answer) => {
    waiting.get(answer.number)?.(answer)
    waiting.delete(answer.number)
  })
  child.once('exit', (code) => {
    for (const [number, resolve] of waiting)
      resolve({ number, error: { code: 'ENDED', message: `the process of the SDK ended (${code})` } })
  })
  let last = 0
  const ask = (name: string, of: readonly object[]) =>
    new Promise<Answer>((resolve) => {
      last += 1
      waiting.set(last, resolve)
      child.send({ number: last, name, of: of[0] ?? {} })
    })
  const user: SdkProcess = {
    do: async (name, ...of) => {
      const { value, error } = await ask(name, of)
      assert.equal(error, undefined, `${name}: ${error?.code} ${error?.message}`)
      return value as never
    },
    fails: async (name, ...of) => {
      const { value, error } = await ask(name, of)
      assert.ok(error, `${name} should have been refused: ${JSON.stringify(value)}`)
      return error
    },
    stop: () => child.disconnect(),
  }
  await user.do('init', { app, host, headerMode: headerMode === true })
  return user
}
