import type { Resource } from '@gatehouse/core/resource'
import type { Attachment, Records } from '@gatehouse/storage/records/port'
import { type Representation, represent } from './deliver/representation.ts'
import type { ResourceFacts } from './gate/judgement.ts'
import { createGenerations } from './generations.ts'
import type { Tenant } from './parts.ts'
import type { RememberedTenants } from './tenants.ts'

/** What stands at a media path: the app, and the attachment if there is one. */
export type Entry = {
  readonly resource: Resource
  readonly tenant: Tenant | null
  readonly attachment: Attachment | null
  readonly facts: ResourceFacts
  /** Null exactly where there is no attachment. */
  readonly representation: Representation | null
  /** {@link Catalogue.forgotten} when it was read. */
  readonly asOf: number
}

/** Attachments by path, remembered and kept right by the log of changes. */
export type Catalogue = {
  /**
   * What is remembered under a canonical path; a raw one that is found here is that path. It is right at this moment: whoever waits before
   * using it MUST compare `forgotten` then.
   */
  peek(path: string): Entry | undefined
  find(resource: Resource): Promise<Entry>
  /** How often something was forgotten. While it stays the same, everything that was found is right. */
  readonly forgotten: number
  forget(path: string): void
  /** Forgets everything: settings of an app, on which answers depend, have changed. */
  forgetAll(): void
}

const REMEMBERED = 50_000

/** Creates the catalogue. Paths without an attachment are not remembered, so that asking for them fills no memory. */
export function createCatalogue(records: Records, tenants: RememberedTenants): Catalogue {
  const entries = createGenerations<string, Entry>(REMEMBERED)
  let forgotten = 0

  return {
    get forgotten() {
      return forgotten
    },
    peek: (path) => entries.get(path),
    forget(path) {
      forgotten++
      entries.delete(path)
    },
    forgetAll() {
      forgotten++
      entries.clear()
    },
    async find(resource) {
      for (;;) {
        const before = forgotten
        const tenant = await tenants.find(resource.segments[1] ?? '')
        const attachment = await records.attachments.findByPath(resource.path)
        if (before !== forgotten) continue
        const entry = entryOf(resource, tenant, attachment, before)
        if (attachment !== null) entries.set(resource.path, entry)
        return entry
      }
    },
  }
}

function entryOf(resource: Resource, tenant: Tenant | null, attachment: Attachment | null, asOf: number): Entry {
  return {
    resource,
    tenant,
    attachment,
    facts: {
      open: attachment?.access === 'public',
      conversationSerial: attachment?.conversationSerial ?? null,
      sharedAt: attachment?.createdAt ?? null,
      attachment,
    },
    representation: tenant === null || attachment === null ? null : represent(attachment, tenant.settings),
    asOf,
  }
}
