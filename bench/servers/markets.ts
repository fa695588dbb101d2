/**
 * Books of simulated venues to readers, one server for each way of serving them. BENCH_KIND: ours (the application),
 * relay (each venue's own frames, passed on as they come to whoever wants that book). A peer has its own file.
 */
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { createLogger, startApp } from '../../src/app.ts'
import type { LoadedConfig } from '../../src/config.ts'
import type { Venue } from '../../src/domain/market.ts'
import { venues } from '../../src/sources/index.ts'
import { frameOf, spellingOf } from '../support/books.ts'
import type { BookName } from '../support/books.ts'

const config = JSON.parse(process.env['BENCH_CONFIG'] ?? '{}') as LoadedConfig
const books = JSON.parse(process.env['BENCH_BOOKS'] ?? '[]') as readonly BookName[]
const ready = (port: number): void => void process.stdout.write(`${JSON.stringify({ service: port })}\n`)

if (process.env['BENCH_KIND'] === 'relay') relay()
else {
  const app = await startApp(config, createLogger('silent'))
  await app.facade.settled()
  ready(Number(new URL(app.url).port))
}

function relay(): void {
  const readers = new Map<string, WebSocket[]>()
  const server = createServer()
  const sockets = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false })
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { type, payload } = JSON.parse(String(data)) as {
        type: string
        payload?: { variables: BookName }
      }
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
      if (payload === undefined) return
      const name = `${payload.variables.venue} ${spellingOf(payload.variables)}`
      readers.set(name, [...(readers.get(name) ?? []), socket])
    })
  })
  for (const venue of ['BINANCE', 'OKX', 'COINBASE', 'KRAKEN'] as const) follow(venue, readers)
  server.listen(0, '127.0.0.1', 4096, () => ready((server.address() as { port: number }).port))
}

function follow(venue: Venue, readers: ReadonlyMap<string, readonly WebSocket[]>): void {
  const { stream } = venues[venue]
  const { endpoint, path } = stream.route('book')
  const { ws_url: url = '' } = config.sources[venue]
  if (endpoint !== 'ws_url') throw new Error(`books of ${venue} come from elsewhere`)
  const spellings = books.filter((book) => book.venue === venue).map(spellingOf)
  const socket = new WebSocket(url + path)
  socket.on('open', () => {
    const asked = spellings.map((spelling) => ({ channel: 'book' as const, spelling }))
    for (const frame of [...(stream.greet ?? []), ...stream.subscribe(asked, 1)]) socket.send(frame)
  })
  socket.on('message', (data) => {
    const text = String(data)
    const spelling = frameOf(venue, text)
    if (spelling === null) return
    for (const reader of readers.get(`${venue} ${spelling}`) ?? []) reader.send(text)
  })
}
