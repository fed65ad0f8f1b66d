import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { Smooch, SmoochCore } from './shapes.ts'

/** A client of the v1.1 API. */
export type Smooches = (of: {
  readonly id: string
  readonly secret: string
  readonly scope: 'app' | 'account'
}) => Smooch

/**
 * Loads `smooch-core` for one server. It takes the process' own `FormData` where there is one, which its way of sending cannot print: so
 * the one that it brings along takes that place, in the whole process.
 */
export async function loadSmooch(serviceUrl: string): Promise<Smooches> {
  const require = createRequire(createRequire(import.meta.url).resolve('smooch-core'))
  Object.defineProperty(globalThis, 'FormData', { value: require('form-data'), configurable: true, writable: true })
  const { default: SmoochCoreClass }: { default: SmoochCore } = await import('smooch-core')
  return ({ id, secret, scope }) => new SmoochCoreClass({ keyId: id, secret, scope, serviceUrl })
}

/** Asserts that a call was refused, with the code that the client reads. */
export async function smoochRefused(call: Promise<unknown>, status: number, code: string): Promise<void> {
  const error = await call.then(
    (answer) => assert.fail(`should have been refused: ${JSON.stringify(answer)}`),
    (reason: { response?: { status: number }; code?: string; description?: string; message: string }) => reason,
  )
  assert.equal(error.response?.status, status, error.message)
  assert.equal(error.code, code)
  assert.ok((error.description ?? '').length > 0)
}
