import { randomBytes } from 'node:crypto'
import { link, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

const FILE = 'master.key'

/**
 * The master key: from its setting (64 hex characters), or out of the data folder, where it is made on the first start and readable by
 * its owner only. Two processes that start at once end up with one key.
 *
 * Throws an explained error where the text is no key.
 */
export async function findMasterKey(setting: string | null, dataFolder: string): Promise<Buffer> {
  const existing = await readMasterKey(setting, dataFolder)
  if (existing !== null) return existing
  const path = join(dataFolder, FILE)
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(32).toString('hex')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  // A hard link fails where the name is taken, so the first of several starters wins.
  await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(temporary)
  const folder = await open(dataFolder, 'r')
  await folder.sync().finally(() => folder.close())
  return (await read(path)) ?? Promise.reject(new Error(`${path} cannot be read.`))
}

/** The master key as {@link findMasterKey} finds it, null where that would make one. Throws an explained error where the text is no key. */
export async function readMasterKey(setting: string | null, dataFolder: string): Promise<Buffer | null> {
  return setting === null ? read(join(dataFolder, FILE)) : parse(setting, 'GATEHOUSE_MASTER_KEY')
}

async function read(path: string): Promise<Buffer | null> {
  try {
    return parse(await readFile(path, 'utf8'), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function parse(text: string, where: string): Buffer {
  if (!/^[0-9a-f]{64}$/i.test(text.trim())) {
    throw new Error(`${where} is no master key: it has to be 64 hexadecimal characters (openssl rand -hex 32).`)
  }
  return Buffer.from(text.trim(), 'hex')
}
