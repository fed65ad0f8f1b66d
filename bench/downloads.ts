import { connect, type Socket } from 'node:net'

/** A download whose reader has stopped reading. */
export type Stalled = {
  /** Reads on until the connection ends; answers how many bytes came in all. */
  readonly finish: () => Promise<number>
  readonly abandon: () => void
}

/** Starts a GET and stops reading after the first bytes of the answer, which MUST be a success. */
export function startStalled(url: string): Promise<Stalled> {
  const { hostname, port, pathname, search, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    })
    let received = 0
    const closed = new Promise<void>((done) => socket.once('close', () => done()))
    socket.once('error', reject)
    socket.once('data', (first) => {
      socket.pause()
      socket.removeAllListeners('error').on('error', () => {})
      received = first.length
      socket.on('data', (chunk) => {
        received += chunk.length
      })
      socket.pause()
      if (!first.toString('latin1').startsWith('HTTP/1.1 200')) return reject(new Error(`${url}: no success`))
      resolve({
        async finish() {
          socket.resume()
          await closed
          return received
        },
        abandon: () => void socket.destroy(),
      })
    })
  })
}

/** Does work that many times, in so many lanes at once. */
export async function inLanes(lanes: number, times: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < times) await work(next++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
