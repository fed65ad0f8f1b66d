import { parseResource } from '@gatehouse/core/resource'
import { Type } from 'typebox'
import { endpoint } from '../endpoint.ts'
import { createPager } from '../paging.ts'
import type { Parts } from '../parts.ts'
import { showView, ViewView } from '../presenters.ts'
import { invalid } from '../problems.ts'
import { Id, List, PageQuery } from '../schemas.ts'

/** The access log, for people. */
export function createViews(parts: Parts) {
  const { records, vault } = parts
  const pager = createPager(vault)
  return {
    list: endpoint({
      summary: 'Who looked at what, newest first, and every refusal with its reason',
      params: { app: Id },
      query: {
        ...PageQuery,
        resource: Type.Optional(Type.String({ maxLength: 4096, description: 'At and below this path.' })),
        user: Type.Optional(Id),
        allowed: Type.Optional(Type.Boolean()),
      },
      answers: { 200: List(ViewView) },
      handle: async ({ params: { app }, query: { resource, user, allowed, ...query } }) => {
        const place = resource === undefined ? undefined : parseResource(resource)
        if (place === null) throw invalid({ path: '?resource', message: 'must be the path of a resource' })
        const list = `views ${JSON.stringify([app, place?.path, user, allowed])}`
        const page = await records.views.list(app, {
          ...pager.read(query, list),
          ...(place !== undefined && { resource: place.path }),
          ...(user !== undefined && { user }),
          ...(allowed !== undefined && { allowed }),
        })
        return { status: 200, body: pager.write(page, list, showView) }
      },
    }),
  }
}
