/** Keep-alive HTTP connections that post one body over and over: the load of the warm rows. Options come over standard input. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const {
  port,
  path = '/graphql',
  body,
  connections = 16,
  warmMs = 1000,
  ms,
} = JSON.parse(readFileSync(0, 'utf8'))
const request =
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
  `Accept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
let answers = 0
let bytes = 0
let failures = 0
const latencies = []

await Promise.all(Array.from({ length: connections }, open))
await new Promise((resolve) => setTimeout(resolve, warmMs))
process.stdout.write('started\n')
const from = { answers, bytes, at: process.hrtime.bigint() }
latencies.length = 0
await new Promise((resolve) => setTimeout(resolve, ms))
const seconds = Number(process.hrtime.bigint() - from.at) / 1e9
latencies.sort((a, b) => a - b)
const at = (q) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? null
const perSecond = (answers - from.answers) / seconds
const bytesPerSecond = (bytes - from.bytes) / seconds
process.stdout.write(
  `${JSON.stringify({ perSecond, bytesPerSecond, seconds, failures, p50: at(0.5), p99: at(0.99) })}\n`,
)
process.exit(0)

function open() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.on('error', reject)
    let left = -1
    let isChunked = false
    let sentAt = 0
    const ask = () => {
      sentAt = performance.now()
      socket.write(request)
    }
    const done = () => {
      answers++
      latencies.push(performance.now() - sentAt)
      left = -1
      ask()
    }
    socket.on('connect', () => {
      ask()
      resolve()
    })
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (left === -1) {
        const end = chunk.indexOf('\r\n\r\n')
        const head = chunk.latin1Slice(0, end)
        if (!head.startsWith('HTTP/1.1 200')) failures++
        isChunked = /transfer-encoding: chunked/i.test(head)
        left = isChunked ? -2 : Number(/content-length: (\d+)/i.exec(head)?.[1]) + end + 4
      }
      if (isChunked) {
        if (chunk.subarray(-5).toString('latin1') === '0\r\n\r\n') done()
        return
      }
      left -= chunk.length
      if (left <= 0) done()
    })
  })
}
