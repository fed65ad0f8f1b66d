import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { issueMediaTokens, MOST_PATHS, type NotIssued } from '../media-tokens.ts'
import type { Parts } from '../parts.ts'
import { invalid, type Problem, problem } from '../problems.ts'
import { Exactly, Id } from '../schemas.ts'

/** Media tokens: each opens everything below one path. */
export function createMediaTokens(parts: Parts) {
  const { tenants } = parts
  return {
    create: endpoint({
      summary: 'Issue a media token for each path',
      description:
        'A path names the app, a conversation or one file. A conversation brings along tokens for the ten that were merged into it last; what is ' +
        'older is opened by a token of the app. All or nothing. Tokens live for `mediaTokenSeconds`; `/v1/cookie` swaps one for a cookie.',
      params: { app: Id },
      body: Exactly(
        { paths: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems: 1, maxItems: MOST_PATHS }) },
        { examples: [{ paths: ['/apps/0a1b2c3d4e5f60718293a4b5/conversations/team'] }] },
      ),
      bodyLimit: 100 * 1024,
      answers: {
        201: Type.Object({
          tokens: Type.Unsafe<Record<string, string>>(
            Type.Object({}, { additionalProperties: Type.String(), description: 'The tokens by the paths asked for.' }),
          ),
        }),
      },
      handle: async ({ params: { app }, body: { paths }, caller }) => {
        const tenant = await tenants.find(app)
        if (tenant === null) throw problem('not_found')
        const issued = await issueMediaTokens(parts, tenant, paths, caller.token)
        if ('why' in issued) throw refused(issued)
        return { status: 201, body: { tokens: { ...issued.tokens } } }
      },
    }),
  }
}

function refused({ why, at }: NotIssued): Problem {
  const list = at.map((place) => `/paths/${place}`)
  switch (why) {
    case 'malformed':
      return invalid(...list.map((path) => ({ path, message: 'must be the path of an app, a conversation or a file' })))
    case 'foreign':
      return problem('grant_exceeded', `These paths lie in another app: ${list.join(', ')}.`)
    case 'not_held':
      return problem('grant_exceeded', `These paths are not yours to pass on: ${list.join(', ')}.`)
    case 'conversation_unknown':
      return problem(
        'not_found',
        `There are no such conversations, or they were merged into others: ${list.join(', ')}.`,
      )
    case 'file_unknown':
      return problem('not_found', `There are no such files: ${list.join(', ')}.`)
  }
}
