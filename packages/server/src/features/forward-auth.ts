import { endpoint } from '../endpoint.ts'
import type { ForwardAuth } from '../gate/forward-auth.ts'

/** Forward-auth: the answer to a proxy that asks before it serves something itself. */
export function createVerify(forwardAuth: ForwardAuth) {
  return {
    verify: endpoint({
      summary: 'Whether a proxy may serve the request that it forwards',
      description:
        'Reads `X-Original-URI` or `X-Forwarded-Uri`, from trusted proxies only, and the credential of the forwarded request. ' +
        'The reason stands in `X-Gatehouse-Reason`. The answer must not be cached.',
      answers: { 204: null },
      handle: async ({ request }) => ({ raw: await forwardAuth(request.raw, request.id) }),
    }),
  }
}
