// Loaded into a server that is measured: tells, when asked, how late its event loop was.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const RESOLUTION = 1
if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  delay.enable()

  process.on('message', (message) => {
    if (message === 'begin') delay.reset()
    // A sample is the time between two beats, so the beat itself has to go.
    const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION)
    if (message === 'tell')
      process.send({ p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(delay.max) })
  })
  process.channel.unref()
}
