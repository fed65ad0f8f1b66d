import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REASONS, type Reason } from '@gatehouse/core/reasons'
import { BlobsUnavailable, DiskFull, TooLarge } from '@gatehouse/storage/blobs/port'
import { Conflict, Full, Missing, Unavailable } from '@gatehouse/storage/records/port'
import { invalid, PROBLEMS, type ProblemCode, problem } from '../../problems.ts'
import { badField, callErrorOf, errorBody, failure, refusalError } from './errors.ts'

test('a refusal says one thing of a dead auth token, and of a key whether it is good at all', () => {
  const others: Partial<Record<Reason, string>> = {
    too_many_bad_tokens: '429 ERR_TOO_MANY_REQUESTS',
    standing_unavailable: '503 ERR_UNAVAILABLE',
    credential_conflict: '400 ERR_BAD_REQUEST',
    app_unknown: '401 AUTH_ERR_INVALID_APPID',
    app_suspended: '401 AUTH_ERR_INVALID_APPID',
  }
  for (const reason of Object.keys(REASONS) as Reason[]) {
    const [client, rest] = (['client', 'rest'] as const).map((who) => {
      const { status, code } = refusalError(who, reason)
      return `${status} ${code}`
    })
    // Natively, 403 is said to a good credential that may not do this, and 401 to one that is not good.
    const lacks = REASONS[reason].status === 403
    assert.equal(client, others[reason] ?? '401 AUTH_ERR_AUTH_TOKEN_NOT_FOUND', reason)
    assert.equal(rest, others[reason] ?? (lacks ? '403 AUTH_ERR_NO_ACCESS' : '401 AUTH_ERR_APIKEY_NOT_FOUND'), reason)
  }
  for (const reason of ['action_not_granted', 'resource_not_granted', 'limit_ip'] as const) {
    assert.equal(refusalError('rest', reason).code, 'AUTH_ERR_NO_ACCESS', reason)
  }
  for (const reason of ['credential_unknown', 'signature_invalid', 'key_revoked', 'key_suspended'] as const) {
    assert.equal(refusalError('rest', reason).code, 'AUTH_ERR_APIKEY_NOT_FOUND', reason)
  }
  assert.equal(refusalError('client', 'too_many_bad_tokens', 7).retryAfter, 7)
})

test('whatever is raised inside leaves as a row of the table, and what nobody foresaw tells nothing', () => {
  const rows: readonly (readonly [error: unknown, expected: string])[] = [
    [failure('ERR_GUID_NOT_FOUND'), '404 ERR_GUID_NOT_FOUND'],
    [new Conflict('user'), '409 ERR_UID_ALREADY_EXISTS'],
    [new Conflict('conversation'), '409 ERR_GUID_ALREADY_EXISTS'],
    [new Conflict('quota'), '403 ERR_PERMISSION_DENIED'],
    [new Conflict('login'), '400 ERR_BAD_REQUEST'],
    [new Missing('app'), '401 AUTH_ERR_INVALID_APPID'],
    [new Missing('user'), '404 ERR_UID_NOT_FOUND'],
    [new Missing('conversation'), '404 ERR_GUID_NOT_FOUND'],
    [new Unavailable('db at 10.0.0.1'), '503 ERR_UNAVAILABLE'],
    [new BlobsUnavailable('x'), '503 ERR_UNAVAILABLE'],
    [new Full('x'), '507 ERR_STORAGE_FULL'],
    [new DiskFull('x'), '507 ERR_STORAGE_FULL'],
    [new TooLarge('x'), '413 ERR_FILE_SIZE_EXCEEDED'],
    [Object.assign(new Error('x'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE' }), '413 ERR_FILE_SIZE_EXCEEDED'],
    [Object.assign(new Error('x'), { statusCode: 418 }), '400 ERR_BAD_REQUEST'],
    [new Error('secret detail'), '500 ERR_INTERNAL'],
    [undefined, '500 ERR_INTERNAL'],
    ['toString', '500 ERR_INTERNAL'],
  ]
  for (const [error, expected] of rows) {
    const shown = callErrorOf(error)
    assert.equal(`${shown.status} ${shown.code}`, expected, String(error))
    assert.doesNotMatch(JSON.stringify(errorBody(shown)), /secret detail|10\.0\.0\.1/)
  }
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const { status } = callErrorOf(problem(code))
    assert.equal(status >= 500, PROBLEMS[code].status >= 500, code)
  }
  assert.equal(callErrorOf(problem('unavailable')).retryAfter, 1)
})

test('a field that is wrong is told by its name, whoever found it', () => {
  assert.deepEqual(errorBody(badField('uid', 'The uid field is required.')), {
    error: {
      code: 'ERR_BAD_REQUEST',
      message: 'Failed to validate the data sent with the request.',
      details: { uid: ['The uid field is required.'] },
    },
  })
  const native = callErrorOf(invalid({ path: '/file', message: 'must be a file' }))
  assert.deepEqual(native.details, { file: ['This field must be a file.'] })
})
