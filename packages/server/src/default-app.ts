import type { Parts } from './parts.ts'

/**
 * The app that an account-wide key works in where a path names none: the one that the setting `defaultApp` names, whether it is there or
 * not, else the only one there is; null where there are several, or none.
 */
export async function findDefaultApp({ config, records }: Pick<Parts, 'config' | 'records'>): Promise<string | null> {
  if (config.defaultApp !== null) return config.defaultApp
  const { items } = await records.apps.list({ after: null, limit: 2 })
  return items.length === 1 ? (items[0]?.id ?? null) : null
}
