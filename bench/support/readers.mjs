/**
 * N graphql-ws readers over raw sockets, counting frames: the load. Runs in its own process on its own core.
 * Its options come as JSON over standard input (see `Load` in run.ts).
 */
import { connect } from 'node:net'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

const options = JSON.parse(readFileSync(0, 'utf8'))
const { port, path = '/graphql', sockets, control, warmMs = 1000, ms, payloads, raw = false } = options
let frames = 0
let bytes = 0
let sinceRound = 0
let controlSocket = null
const latencies = []
const perRound = sockets * payloads.length
const perSocketPayloads = (index) =>
  payloads.map((payload, at) => ({
    id: `${index}-${at}-${'x'.repeat(20)}`,
    payload: Array.isArray(payload) ? payload[index % payload.length] : payload,
  }))

await Promise.all(Array.from({ length: sockets }, (_, index) => openReader(index)))
if (control) controlSocket = connect(control, '127.0.0.1')
// One byte a round: held back for the acknowledgement of the last it would set the pace itself.
controlSocket?.setNoDelay(true)
await new Promise((resolve) => setTimeout(resolve, warmMs))
process.stdout.write('started\n')
const from = { frames, bytes, at: process.hrtime.bigint() }
latencies.length = 0
await new Promise((resolve) => setTimeout(resolve, ms))
const seconds = Number(process.hrtime.bigint() - from.at) / 1e9
latencies.sort((a, b) => a - b)
const at = (q) =>
  latencies.length === 0 ? null : latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))]
process.stdout.write(
  `${JSON.stringify({ perSecond: (frames - from.frames) / seconds, seconds, bytesPerSecond: (bytes - from.bytes) / seconds, p50: at(0.5), p99: at(0.99) })}\n`,
)
process.exit(0)

/** When the venue stamped it, in our words or in any venue's. */
function stampIn(text) {
  const found = /"(?:observedAt|timestamp)":"([^"]+)"|"E":(\d+)|"ts":"(\d+)"/.exec(text)
  if (found === null) return null
  return found[1] === undefined ? Number(found[2] ?? found[3]) : Date.parse(found[1])
}

function counted(size) {
  frames++
  bytes += size
  if (++sinceRound === perRound) {
    sinceRound = 0
    controlSocket?.write('.')
  }
}

function openReader(index) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`reader ${index} was closed`)))
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
    )
    let isUpgraded = false
    let isAcknowledged = raw
    let pending = Buffer.alloc(0)
    let skip = 0
    socket.on('data', (chunk) => {
      let offset = 0
      if (!isUpgraded) {
        const end = chunk.indexOf('\r\n\r\n')
        if (end < 0) return
        isUpgraded = true
        offset = end + 4
        if (!raw) send(socket, { type: 'connection_init' })
        else resolve()
      }
      if (pending.length > 0) {
        chunk = Buffer.concat([pending, chunk.subarray(offset)])
        pending = Buffer.alloc(0)
        offset = 0
      }
      for (;;) {
        if (skip > 0) {
          const step = Math.min(skip, chunk.length - offset)
          skip -= step
          offset += step
          if (skip > 0) return
        }
        if (chunk.length - offset < 2) break
        let size = chunk[offset + 1] & 127
        let head = 2
        if (size === 126) head = 4
        else if (size === 127) head = 10
        if (chunk.length - offset < head) break
        if (size === 126) size = chunk.readUInt16BE(offset + 2)
        else if (size === 127) size = Number(chunk.readBigUInt64BE(offset + 2))
        if (options.isStamped && isAcknowledged) {
          if (chunk.length - offset < head + size) break
          const stamp = stampIn(chunk.latin1Slice(offset + head, offset + head + size))
          if (stamp !== null) latencies.push(performance.timeOrigin + performance.now() - stamp)
        }
        if (!isAcknowledged) {
          isAcknowledged = true
          for (const { id, payload } of perSocketPayloads(index))
            send(socket, { id, type: 'subscribe', payload })
          resolve()
        } else counted(size)
        offset += head
        skip = size
      }
      pending = Buffer.from(chunk.subarray(offset))
    })
  })
}

function send(socket, message) {
  const body = Buffer.from(JSON.stringify(message))
  const head =
    body.length < 126
      ? Buffer.from([0x81, 0x80 | body.length])
      : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 255])
  socket.write(Buffer.concat([head, Buffer.alloc(4), body]))
}
