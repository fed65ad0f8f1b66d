import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** A file to import. `path` is relative to the folder, with slashes; `modified` in milliseconds. */
export type Found = { readonly path: string; readonly file: string; readonly size: number; readonly modified: number }

/**
 * Every file at and below a folder, by path. Symbolic links and what is no file are left out and named in `skipped`: a link
 * could lead out of the folder.
 */
export async function findFiles(
  folder: string,
  except: string,
): Promise<{ readonly files: readonly Found[]; readonly skipped: readonly string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files: Found[] = []
  const skipped: string[] = []
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name)
    const path = relative(folder, file).split(sep).join('/')
    if (entry.isDirectory() || file === except) continue
    if (!entry.isFile()) {
      skipped.push(path)
      continue
    }
    const { size, mtimeMs } = await stat(file)
    files.push({ path, file, size, modified: Math.trunc(mtimeMs) })
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1))
  return { files, skipped }
}
