import { createHash } from 'node:crypto'
import type { Records } from '@gatehouse/storage/records/port'
import type { AnyAnswer } from './endpoint.ts'
import type { Vault } from './parts.ts'
import { invalid, problem } from './problems.ts'

/** A request that may come again. */
export type Repeatable = {
  /** Whose it is: the same key of another caller is another request. */
  readonly by: string
  readonly method: string
  readonly url: string
  /** The value of `Idempotency-Key`; undefined where there is none. */
  readonly key: string | undefined
}

/**
 * Does work once for each `Idempotency-Key`, and answers repetitions with what was answered first.
 * Raises `idempotency_in_progress` and `idempotency_conflict`.
 */
export type Once = (
  request: Repeatable,
  content: string,
  work: () => Promise<AnyAnswer>,
) => Promise<{ readonly answer: AnyAnswer; readonly repeated: boolean }>

/** Creates it. Answers are kept sealed, since some of them hold secrets; errors are not kept, so that one may try again. */
export function createOnce(parts: { records: Records; vault: Vault; now: () => number }): Once {
  const { records, vault, now } = parts
  return async ({ by, method, url, key }, content, work) => {
    if (key === undefined) return { answer: await work(), repeated: false }
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw invalid({ path: 'Idempotency-Key', message: 'must be 1–255 visible ASCII characters' })
    }
    const fingerprint = createHash('sha256').update(`${method} ${url}\n${content}`).digest('hex')
    const claim = await records.idempotency.claim(by, key, fingerprint, now())
    if (!claim.claimed) {
      if (claim.fingerprint !== fingerprint) throw problem('idempotency_conflict')
      if (claim.answer === null) throw problem('idempotency_in_progress')
      const { status, location } = claim.answer
      const body: unknown = JSON.parse(
        Buffer.from(vault.open(Buffer.from(claim.answer.body, 'base64'), PURPOSE)).toString('utf8'),
      )
      return { answer: { status, body, ...(location !== null && { location }) }, repeated: true }
    }
    let answer: AnyAnswer
    try {
      answer = await work()
    } catch (error) {
      await records.idempotency.release(by, key)
      throw error
    }
    if ('text' in answer || 'raw' in answer) throw new Error('an answer that is no JSON cannot be repeated')
    const { body = null, location = null } = answer
    const sealed = vault.seal(Buffer.from(JSON.stringify(body)), PURPOSE)
    await records.idempotency.complete(by, key, {
      status: answer.status,
      body: Buffer.from(sealed).toString('base64'),
      location,
    })
    return { answer, repeated: false }
  }
}

const PURPOSE = 'idempotent answer'
