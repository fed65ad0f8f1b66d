import { readFileSync } from 'node:fs'
import {
  flagOf,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  type Values,
  variableOf,
} from './config-table.ts'
import { nearest } from './nearest.ts'

/**
 * Every setting with its value. `publicUrl` and `mediaUrl` have no slash at their end; with port 0 they hold the port 0 until
 * {@link listeningOn} tells the real one. `masterKey` is 64 hexadecimal characters, or null where it lies in the data folder.
 */
export type Config = Omit<Values, 'publicUrl' | 'mediaUrl'> & { readonly publicUrl: string; readonly mediaUrl: string }

/** What {@link readConfig} answers: the configuration, or every error in it as one sentence each. */
export type ReadConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly errors: readonly string[] }

/**
 * Reads the settings from flags (`--name value` or `--name=value`) and `GATEHOUSE_*` variables; a flag wins, an empty variable
 * counts as absent. All errors are told at once. Unknown flags and `GATEHOUSE_*` names are errors. The value of a secret is
 * in no message. Secrets may be read from files: one newline at the end is left out.
 */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): ReadConfig {
  const errors: string[] = []
  const given = new Map<SettingName, Given>()
  for (const one of [...fromEnvironment(env, errors), ...fromFlags(argv, errors)]) given.set(one.name, one)
  const read: Record<string, unknown> = {}
  for (const name of SETTING_NAMES) {
    const { parse, fallback, secret } = SETTINGS[name] as Setting<unknown>
    const one = given.get(name)
    const text = one === undefined ? null : contentOf(one, errors)
    read[name] = fallback
    if (one === undefined || text === null) continue
    const parsed = parse(text)
    if (parsed.ok) read[name] = parsed.value
    else errors.push(`${one.source}${secret ? '' : ` is ${JSON.stringify(text)}`}: expected ${parsed.expected}.`)
  }
  if (errors.length > 0) return { ok: false, errors }
  const settings = read as Values
  const publicUrl = settings.publicUrl ?? localUrl(settings.host, settings.port)
  return { ok: true, config: { ...settings, publicUrl, mediaUrl: settings.mediaUrl ?? publicUrl } }
}

/** The configuration once the port is known: URLs that were not set, and therefore hold port 0, get the real one. */
export function listeningOn(config: Config, port: number): Config {
  const placeholder = localUrl(config.host, 0)
  const settle = (url: string) => (url === placeholder ? localUrl(config.host, port) : url)
  return { ...config, port, publicUrl: settle(config.publicUrl), mediaUrl: settle(config.mediaUrl) }
}

/** A text given for a setting, with the flag or variable that it came from; or the path of a file that holds it. */
type Given = { readonly name: SettingName; readonly source: string; readonly text: string; readonly file: boolean }

/** Variables that the command line reads, and those that Kubernetes sets for a service named `gatehouse`. */
const FOREIGN = /^GATEHOUSE_(URL|KEY|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/

function fromEnvironment(env: Readonly<Record<string, string | undefined>>, errors: string[]): Given[] {
  const known = namesBy(variableOf, '_FILE')
  return Object.entries(env).flatMap(([source, text]): Given[] => {
    if (!source.startsWith('GATEHOUSE_') || FOREIGN.test(source) || text === undefined) return []
    const match = known.get(source)
    if (match === undefined) {
      errors.push(`${source} is no setting.${guess(source, [...known.keys()])}`)
      return []
    }
    if (match.file && env[variableOf(match.name)]) {
      errors.push(`${source} and ${variableOf(match.name)} are both set; leave one out.`)
      return []
    }
    if (match.name === 'port' && text.startsWith('tcp://')) {
      errors.push(`${source} comes from a Kubernetes service; set enableServiceLinks: false, or rename the service.`)
      return []
    }
    return text === '' ? [] : [{ ...match, source, text }]
  })
}

function fromFlags(argv: readonly string[], errors: string[]): Given[] {
  const known = namesBy(flagOf, '-file')
  const given: Given[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    const cut = word.indexOf('=')
    const source = cut < 0 ? word : word.slice(0, cut)
    const match = known.get(source)
    const next = argv[at + 1]
    if (match === undefined) {
      errors.push(word.startsWith('-') ? `${source} is no flag.${guess(source, [...known.keys()])}` : stray(word))
      if (word.startsWith('-') && cut < 0 && next?.startsWith('-') === false) at++
    } else if (cut >= 0) {
      given.push({ ...match, source, text: word.slice(cut + 1) })
    } else if (SETTINGS[match.name].toggle && next !== 'true' && next !== 'false') {
      given.push({ ...match, source, text: 'true' })
    } else if (next === undefined || next.startsWith('--')) {
      errors.push(`${source} needs a value.`)
    } else {
      given.push({ ...match, source, text: next })
      at++
    }
  }
  return given
}

function namesBy(spell: (name: SettingName) => string, suffix: string): ReadonlyMap<string, Match> {
  const known = new Map<string, Match>()
  for (const name of SETTING_NAMES) {
    known.set(spell(name), { name, file: false })
    if (SETTINGS[name].secret) known.set(spell(name) + suffix, { name, file: true })
  }
  return known
}

type Match = { readonly name: SettingName; readonly file: boolean }

/** The text itself, or that of the file it names; null after an error. */
function contentOf(given: Given, errors: string[]): string | null {
  if (!given.file) return given.text
  try {
    return readFileSync(given.text, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    errors.push(`${given.source}: the file ${given.text} cannot be read${code}.`)
    return null
  }
}

function guess(source: string, known: readonly string[]): string {
  const bare = (name: string) => name.replace(/^(GATEHOUSE_|--)/, '')
  const near = nearest(bare(source), known.map(bare))
  const full = known.find((name) => bare(name) === near)
  return full === undefined ? '' : ` Did you mean ${full}?`
}

function stray(word: string): string {
  return `${JSON.stringify(word)} was not expected here; settings are flags, such as --port 8080.`
}

function localUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
