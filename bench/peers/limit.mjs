/**
 * What the machine allows. BENCH_LIMIT=send: `ws.send` of one prepared string to each socket (limit A);
 * frame: one prepared frame written to each socket (limit B). Both still serialise the event once.
 */
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { bookEvent, iso } from '../support/event.mjs'
import { startSource } from '../support/source.mjs'

const symbols = JSON.parse(process.env.BENCH_SYMBOLS ?? '["BTC-USD"]')
const isFrame = process.env.BENCH_LIMIT === 'frame'
const server = createServer()
const sockets = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false })
const isDealt = process.env.BENCH_DEALT === '1'
const readers = new Map(symbols.map((symbol) => [symbol, []]))
let connected = 0
sockets.on('connection', (socket, request) => {
  const reader = { socket, raw: request.socket }
  const dealt = symbols[connected++ % symbols.length]
  for (const symbol of isDealt ? [dealt] : symbols) readers.get(symbol).push(reader)
  socket.on('message', (data) => {
    if (JSON.parse(String(data)).type === 'connection_init') socket.send('{"type":"connection_ack"}')
  })
})

const message = (symbol, n) => {
  const event = bookEvent(symbol, n)
  const { attribution } = event
  const times = { observedAt: iso(attribution.observedAt), receivedAt: iso(attribution.receivedAt) }
  return JSON.stringify({
    id: `1000-0-${'x'.repeat(20)}`,
    type: 'next',
    payload: {
      data: {
        book: { ...event, observedAt: iso(event.observedAt), attribution: { ...attribution, ...times } },
      },
    },
  })
}

server.listen(0, '127.0.0.1', 4096, () =>
  startSource(server.address().port, (n) => {
    for (const symbol of symbols) {
      const text = message(symbol, n)
      if (!isFrame) {
        for (const { socket } of readers.get(symbol))
          if (socket.readyState === WebSocket.OPEN) socket.send(text)
        continue
      }
      const body = Buffer.from(text)
      const frame = Buffer.concat([Buffer.from([0x81, 126, body.length >> 8, body.length & 255]), body])
      for (const { raw } of readers.get(symbol)) raw.write(frame)
    }
  }),
)
