/** The readers of a soak: some stay and check everything, some come and go, some stop reading and never say so. */
import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { WebSocket } from 'ws'
import { VENUES } from '../../src/domain/market.ts'
import type { MarketSymbol } from '../../src/domain/market.ts'
import { LADDER_QUERY, LadderClient } from '../../test/support/ladder-client.ts'
import type { LadderChange } from '../../test/support/ladder-client.ts'

/** Trades of one market as a reader got them. */
export interface TradeLog {
  readonly firstId: number
  lastId: number
  lastSequence: number
  count: number
}

export interface Staying {
  readonly trades: ReadonlyMap<string, TradeLog>
  readonly ladders: ReadonlyMap<string, LadderClient>
  /** Whatever no reader should have to see. */
  readonly complaints: string[]
  leave(): Promise<void>
}

const TRADES_QUERY = `subscription ($symbols: [Symbol!]!) { trades(symbols: $symbols) { id symbol venue sequence price } }`
const COMERS: readonly ((symbol: MarketSymbol) => string)[] = [
  (symbol) =>
    `subscription { book(symbol: "${symbol}", venue: KRAKEN, depth: 10) { state bids { price size } } }`,
  (symbol) =>
    `subscription { consolidatedBook(symbol: "${symbol}", depth: 5) { bids { price size } excluded { venue } } }`,
  (symbol) => `subscription { bars(symbols: ["${symbol}"], interval: M5) { open close isClosed } }`,
  (symbol) => `subscription { prices(symbols: ["${symbol}"], maxRate: 10) { price { value } } }`,
  (symbol) => `subscription { trades(symbols: ["${symbol}"]) { id price } }`,
  () => 'subscription { health { status sources { source status } } }',
]

export function stay(url: string, symbols: readonly MarketSymbol[]): Staying {
  const client = clientOf(url)
  const trades = new Map<string, TradeLog>()
  const ladders = new Map<string, LadderClient>()
  const complaints: string[] = []
  const listen = <T>(query: string, variables: Record<string, unknown>, take: (data: T) => void): void => {
    client.subscribe<T>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          if (errors !== undefined || !data) complaints.push(JSON.stringify(errors))
          else take(data)
        },
        error: (error) => void complaints.push(`${query.slice(0, 60)}: ${JSON.stringify(error)}`),
        complete: () => undefined,
      },
    )
  }
  listen<{ trades: Printed }>(TRADES_QUERY, { symbols }, ({ trades: trade }) =>
    note(trades, trade, complaints),
  )
  for (const venue of VENUES) {
    const ladder = new LadderClient()
    ladders.set(venue, ladder)
    const variables = { symbol: symbols[0], venue, depth: 25 }
    listen<{ bookDeltas: LadderChange }>(LADDER_QUERY, variables, (data) => ladder.take(data.bookDeltas))
  }
  return { trades, ladders, complaints, leave: async () => client.dispose() }
}

/** One reader after another: a few events, then it is gone, sometimes without a word. */
export async function comeAndGo(
  url: string,
  options: {
    readonly symbols: readonly MarketSymbol[]
    readonly random: () => number
    readonly isOver: () => boolean
  },
): Promise<number> {
  const { symbols, random, isOver } = options
  let visits = 0
  while (!isOver()) {
    const client = clientOf(url)
    const ask = COMERS[Math.floor(random() * COMERS.length)]!
    const query = ask(symbols[Math.floor(random() * symbols.length)]!)
    const most = 1 + Math.floor(random() * 4)
    let heard = 0
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1_500)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      client.subscribe(
        { query },
        { next: () => void (++heard >= most && done()), error: done, complete: done },
      )
    })
    if (random() < 0.5) client.terminate()
    await client.dispose()
    visits += 1
  }
  return visits
}

/** Subscribes to everything there is, and then never reads again. */
export async function stopReading(url: string, symbols: readonly MarketSymbol[]): Promise<() => void> {
  const socket = new WebSocket(url, 'graphql-transport-ws')
  socket.on('error', () => undefined)
  await new Promise<void>((resolve) => socket.once('open', resolve))
  socket.send('{"type":"connection_init"}')
  await new Promise<void>((resolve) => socket.once('message', () => resolve()))
  const ask = (id: string, query: string) =>
    socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }))
  symbols.forEach((symbol, index) => COMERS.forEach((query, at) => ask(`${index}.${at}`, query(symbol))))
  socket.pause()
  return () => socket.terminate()
}

interface Printed {
  readonly id: string
  readonly symbol: string
  readonly venue: string
  readonly sequence: number
}

function note(
  logs: Map<string, TradeLog>,
  { id, symbol, venue, sequence }: Printed,
  complaints: string[],
): void {
  const key = `${venue} ${symbol}`
  const log = logs.get(key)
  if (log === undefined) {
    logs.set(key, { firstId: Number(id), lastId: Number(id), lastSequence: sequence, count: 1 })
    return
  }
  if (sequence !== log.lastSequence + 1) complaints.push(`${key}: ${sequence} follows ${log.lastSequence}`)
  if (Number(id) !== log.lastId + 1) complaints.push(`${key}: trade ${id} follows ${log.lastId}`)
  log.lastSequence = sequence
  log.lastId = Number(id)
  log.count += 1
}

const clientOf = (url: string): Client =>
  createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, onNonLazyError: () => undefined })
