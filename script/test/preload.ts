/**
 * Comes first in every process of tests. Told to end, it exits instead of dying: only then are the servers that it has started
 * ended too.
 */
process.once('SIGTERM', () => process.exit(143))
