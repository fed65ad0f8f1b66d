import { coloured, type Terminal } from '../terminal.ts'

/** Shows how far an import is: a bar that is drawn again and again on a terminal, else a line for each file. */
export type Progress = {
  done(path: string, size: number): void
  failed(path: string, why: string): void
  /** Ends the bar's line. */
  end(): void
}

/** Starts at nothing done. */
export function createProgress(
  terminal: Terminal,
  total: { readonly files: number; readonly bytes: number },
): Progress {
  const { stderr } = terminal
  const bar = stderr.isTTY === true
  let files = 0
  let bytes = 0
  const draw = () => {
    const share = total.bytes === 0 ? 1 : bytes / total.bytes
    const filled = Math.round(share * 24)
    const shape = `${'#'.repeat(filled)}${'-'.repeat(24 - filled)}`
    stderr.write(`\r\x1b[K[${shape}] ${files}/${total.files} files  ${sizeText(bytes)} of ${sizeText(total.bytes)}`)
  }
  const line = (text: string) => stderr.write(bar ? `\r\x1b[K${text}\n` : `${text}\n`)
  if (bar) draw()
  return {
    done(path, size) {
      files++
      bytes += size
      if (bar) draw()
      else line(`${files}/${total.files}  ${path}`)
    },
    failed(path, why) {
      files++
      line(`${coloured(stderr, 'red', 'failed')}  ${path}: ${why}`)
      if (bar) draw()
    },
    end() {
      if (bar) stderr.write('\n')
    },
  }
}

/** A number of bytes for people, with binary units. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
