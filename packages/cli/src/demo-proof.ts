import { createNodePrimitives } from '@gatehouse/core/node-primitives'
import { demoProof } from '@gatehouse/server/demo/proof'
import type { Serving } from '@gatehouse/server/main'
import { createLinkKeys, createLinks } from '@gatehouse/server/signing/links'
import { createBoard, createSharedMarks } from '@gatehouse/server/standing/board'
import { createTenants } from '@gatehouse/server/tenants'

/** The proof that a start with `--demo` prints. It holds a secret: it MUST go to the operator's terminal only. */
export async function proofOf({ config, storage: { records, vault } }: Serving): Promise<string> {
  const board = createBoard(createSharedMarks())
  for await (const rows of records.changes.standing()) board.apply(rows, true)
  const links = createLinks({
    tenants: createTenants(records),
    linkKeys: createLinkKeys(vault),
    board,
    primitives: createNodePrimitives(),
    mediaUrl: () => config.mediaUrl,
  })
  return demoProof({ config, records, links, vault })
}
