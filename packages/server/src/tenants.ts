import type { Records } from '@gatehouse/storage/records/port'
import { createGenerations } from './generations.ts'
import type { Tenant, Tenants } from './parts.ts'
import { settingsOf } from './settings.ts'

/** Remembered apps: what features see, and what the log of changes keeps right. */
export type RememberedTenants = Tenants & {
  /** The app if it is in memory: the media path asks this first and stays synchronous. */
  peek(app: string): Tenant | undefined
  /** Forgets an app that a change has touched. */
  forget(app: string): void
}

const REMEMBERED_APPS = 1000

/** Creates the memory of apps. An app that does not exist is asked for every time. */
export function createTenants(records: Records): RememberedTenants {
  const known = createGenerations<string, Tenant>(REMEMBERED_APPS)
  let forgotten = 0
  return {
    peek: (app) => known.get(app),
    forget(app) {
      forgotten++
      known.delete(app)
    },
    async find(id) {
      for (;;) {
        const remembered = known.get(id)
        if (remembered !== undefined) return remembered
        const before = forgotten
        const app = await records.apps.find(id)
        // What was read while something was being forgotten may be older than the change: read again.
        if (before !== forgotten) continue
        if (app === null) return null
        const tenant: Tenant = { app, settings: settingsOf(app.settings) }
        known.set(id, tenant)
        return tenant
      }
    },
  }
}
