import * as values from './config-values.ts'

/** One row of the table of settings. `T` is the type of its value. */
export type Setting<T> = {
  readonly parse: values.Parse<T>
  /** The value where nothing is said. */
  readonly fallback: T
  /** The fallback in words. */
  readonly shown: string
  /** What it means, in one or two sentences. */
  readonly meaning: string
  readonly group: 'Listening' | 'Storage' | 'Access' | 'Limits' | 'Running'
  /** Never shown in messages; may also come from a file (`GATEHOUSE_NAME_FILE`, `--name-file`). */
  readonly secret: boolean
  /** A flag that may stand alone, for true. */
  readonly toggle: boolean
}

/**
 * The one table of settings. A name gives the flag (`publicUrl`: `--public-url`) and the variable (`GATEHOUSE_PUBLIC_URL`); a
 * flag wins over a variable. Sizes are bytes, durations are in the unit that the name says.
 */
export const SETTINGS = {
  host: setting('Listening', values.hostName, '127.0.0.1', 'The address to listen on; 0.0.0.0 or :: for all.'),
  port: setting('Listening', values.whole(0, 65_535), 8080, 'The TCP port; 0 takes a free one.'),
  publicUrl: setting<string | null>('Listening', values.webUrl, null, 'How the outside reaches this server.', {
    shown: 'http://host:port',
  }),
  mediaUrl: setting<string | null>('Listening', values.webUrl, null, 'Where the URLs of media point.', {
    shown: 'the public URL',
  }),
  cookieDomain: setting<string | null>(
    'Listening',
    values.hostName,
    null,
    'The Domain of cookies, where the API and media have sibling hosts; without one a cookie is for its own host alone.',
    { shown: 'none' },
  ),
  trustedProxies: setting<readonly string[]>(
    'Listening',
    values.addressRanges,
    [],
    'Addresses and CIDR ranges, with commas between, whose X-Forwarded-For and Forwarded headers are believed.',
    { shown: 'none' },
  ),
  workers: setting('Listening', values.whole(1, 256), 1, 'Threads that serve, on one port.'),
  fastLane: setting(
    'Listening',
    values.truth,
    true,
    'Answers plain requests for small files by a strict reader of its own before the HTTP server of Node; false: everything goes through that.',
    { toggle: true },
  ),
  offload: setting<values.Offload>(
    'Listening',
    values.offload,
    { kind: 'none' },
    'Who sends the bytes of large files: none (Gatehouse itself), or x-accel:/prefix/ (nginx, with that internal location).',
    { shown: 'none' },
  ),

  data: setting('Storage', values.text, './data', 'The data folder: database, files and keys of this installation.'),
  databaseUrl: setting<string | null>(
    'Storage',
    values.databaseUrl,
    null,
    'A PostgreSQL database (postgres://…) in place of SQLite in the data folder.',
    { shown: 'SQLite', secret: true },
  ),
  blobsUrl: setting<string | null>(
    'Storage',
    values.blobsUrl,
    null,
    'An S3 bucket (s3://bucket/prefix?endpoint=…) in place of files in the data folder.',
    { shown: 'files', secret: true },
  ),
  masterKey: setting<string | null>(
    'Storage',
    values.masterKey,
    null,
    'Encrypts stored secrets: 32 bytes as hex or base64. Every node of an installation needs the same one.',
    { shown: 'made and kept in the data folder', secret: true },
  ),
  reserveBytes: setting(
    'Storage',
    values.bytes(0),
    16 * 1024 ** 2,
    'Disk space held back in the data folder, so that revocations can still be written when the disk is full.',
    { shown: '16MiB' },
  ),

  adminKey: setting<values.KeyPair | null>(
    'Access',
    values.keyPair,
    null,
    'An account-wide API key known beforehand, as id:secret; the secret has at least 32 characters.',
    { shown: 'none', secret: true },
  ),
  defaultApp: setting<string | null>(
    'Access',
    values.identifier,
    null,
    'The id of the app that an account-wide key works in where a path names none.',
    { shown: 'the only app there is' },
  ),
  allowLoopback: setting(
    'Access',
    values.truth,
    false,
    'Lets outgoing requests (webhooks, fetched media) reach loopback addresses. For development only.',
    { toggle: true },
  ),
  surfaces: setting<'all' | readonly string[]>(
    'Access',
    values.names,
    'all',
    'Which faces of other systems are served beside the native API: all, none, or names with commas between.',
  ),
  mediaKeyDays: setting(
    'Access',
    values.whole(0, 3650),
    90,
    'Days after which the next key signs media tokens; 0: only when it is told to.',
  ),
  demo: setting('Access', values.truth, false, 'Seeds the demonstration app when the server starts.', { toggle: true }),

  cacheBytes: setting('Limits', values.bytes(0), 64 * 1024 ** 2, 'Memory for small files that are asked for often.', {
    shown: '64MiB',
  }),
  smallFileBytes: setting('Limits', values.bytes(0), 256 * 1024, 'The largest file kept in that memory.', {
    shown: '256KiB',
  }),
  maxConnectionsPerAddress: setting(
    'Limits',
    values.whole(0, 1_000_000),
    2048,
    'Open connections from one address that is no trusted proxy; 0: no limit.',
  ),
  badTokensPerMinute: setting(
    'Limits',
    values.whole(0, 1_000_000),
    1000,
    'Tokens that do not verify, per minute and address, before further ones are refused unread; 0: no limit.',
  ),
  headerSeconds: setting('Limits', values.whole(1, 3600), 10, 'Time for the head of a request to arrive.'),
  requestSeconds: setting(
    'Limits',
    values.whole(0, 604_800),
    0,
    'Time for a whole request, body included, to arrive; 0: no limit but the idle time and the minimum rate.',
  ),
  idleSeconds: setting('Limits', values.whole(1, 86_400), 60, 'Time that a connection may be silent.'),
  minimumBytesPerSecond: setting(
    'Limits',
    values.whole(0, 1_000_000_000),
    1024,
    'Rate under which an upload is given up, after a first idle time; 0: any rate will do.',
  ),

  logLevel: setting(
    'Running',
    values.oneOf('debug', 'info', 'warn', 'error', 'silent'),
    'info',
    'What is logged, on standard error: debug, info, warn, error or silent.',
  ),
  drainSeconds: setting(
    'Running',
    values.whole(0, 3600),
    30,
    'Time that open requests have to finish after SIGTERM, before they are cut.',
  ),
  leaseMilliseconds: setting(
    'Running',
    values.whole(100, 1000),
    1000,
    'How long a node may go without hearing from the database before it stops trusting its memory.',
  ),
  viewFlushMilliseconds: setting(
    'Running',
    values.whole(10, 10_000),
    250,
    'How long lines of the access log wait in memory to be written together; four times as long where there are many.',
  ),
} as const

/** The name of a setting, as it stands in {@link Config}. */
export type SettingName = keyof typeof SETTINGS

/** What {@link SETTINGS} say, before the URLs that follow from others are filled in. */
export type Values = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never
}

/** Every name, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]

/** The flag of a setting: `--public-url`. */
export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** The variable of a setting: `GATEHOUSE_PUBLIC_URL`. */
export function variableOf(name: SettingName): string {
  return `GATEHOUSE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

function setting<T>(
  group: Setting<T>['group'],
  parse: values.Parse<T>,
  fallback: NoInfer<T>,
  meaning: string,
  more: { shown?: string; secret?: boolean; toggle?: boolean } = {},
): Setting<T> {
  const { shown = String(fallback), secret = false, toggle = false } = more
  return { group, parse, fallback, meaning, shown, secret, toggle }
}
