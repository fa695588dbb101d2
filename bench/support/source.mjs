/**
 * When to publish the next event: as soon as the readers have taken all but a few of those before it. The
 * client sends one byte per completed round over a TCP connection, so every contender runs saturated and
 * none is drowned. With `BENCH_RATE` it publishes at that many rounds a second instead.
 */
import { createServer } from 'node:net'

const AHEAD = 4

/** Calls `publish(n)` for each event once a client has connected. Prints the ports for the parent process. */
export function startSource(servicePort, publish) {
  let n = 0
  const rate = Number(process.env.BENCH_RATE ?? 0)
  createServer((socket) => {
    let credit = AHEAD
    socket.on('error', () => process.exit(0))
    socket.on('close', () => process.exit(0))
    if (rate > 0) {
      setInterval(() => publish(n++), 1000 / rate)
      return
    }
    const pump = () => {
      if (credit <= 0) return
      credit--
      publish(n++)
      setImmediate(pump)
    }
    socket.on('data', (bytes) => {
      const wasIdle = credit <= 0
      credit += bytes.length
      if (wasIdle) pump()
    })
    setTimeout(pump, 200)
  }).listen(0, '127.0.0.1', function onListening() {
    process.stdout.write(`${JSON.stringify({ service: servicePort, control: this.address().port })}\n`)
  })
}
