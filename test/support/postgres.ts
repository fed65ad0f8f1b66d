import { openTestDatabase, SHARED_SERVER, startPostgresServer } from '@gatehouse/storage/conformance/postgres-server'

export type { PostgresServer } from '@gatehouse/storage/conformance/postgres-server'

/** Where the variable is set, tests share the server that it names instead of starting one each. */
export const SHARED_POSTGRES = SHARED_SERVER

/** Makes a database on the shared server, or on one of its own. `end` removes what was made. */
export const usePostgres = openTestDatabase

/** Starts a server of one's own: for tests that stop it or make it hang. */
export const startPostgres = startPostgresServer
