/** Other people's way from a frame's text to a book's top, where their packages can go it without a connection. */
import { existsSync } from 'node:fs'
import type { Venue } from '../../src/domain/market.ts'
import type { Traffic } from '../support/traffic.ts'

/** Takes one frame; made anew for every pass. Null where the package does not know these frames. */
export type Ingest = (frame: string) => void
export type IngestPeer = (traffic: Traffic) => Promise<Ingest | null>

const ROOT = new URL('../node_modules/', import.meta.url)

async function installed<T>(path: string): Promise<T | null> {
  const url = new URL(path, ROOT)
  return existsSync(url) ? ((await import(url.href)) as T) : null
}

interface Exchange {
  setMarkets(markets: readonly object[]): void
  orderBook(snapshot?: object): CcxtBook
  orderbooks: Record<string, CcxtBook>
  handleOrderBook(client: object, message: unknown): void
}

interface CcxtBook {
  reset(snapshot: object): void
  readonly bids: ArrayLike<unknown>
  readonly asks: ArrayLike<unknown>
}

const TOP = 20

export const ccxt: IngestPeer = async ({ venue, spelling, depth }) => {
  const module = await installed<{ default: new (options?: object) => Exchange }>(
    `ccxt/js/src/pro/${venue.toLowerCase()}.js`,
  )
  if (module === null) return null
  const exchange = new module.default()
  const [base = '', quote = ''] = /^(BTC)[-/]?(USDT?)$/.exec(spelling)?.slice(1) ?? []
  const symbol = `${base}/${quote}`
  const facts = { spot: true, type: 'spot', active: true, precision: {}, limits: {} }
  exchange.setMarkets([{ id: spelling, symbol, base, quote, baseId: base, quoteId: quote, ...facts }])
  const failed = (error: unknown): never => {
    throw error
  }
  const client = {
    url: 'wss://stream.binance.com',
    subscriptions: {},
    resolve: () => undefined,
    reject: failed,
  }
  if (depth !== null) {
    const { bids, asks, lastUpdateId } = JSON.parse(depth) as Depth
    const numbers = (side: readonly (readonly string[])[]) =>
      side.map(([price, size]) => [Number(price), Number(size)])
    exchange.orderbooks[symbol] = exchange.orderBook({})
    exchange.orderbooks[symbol].reset({ bids: numbers(bids), asks: numbers(asks), nonce: lastUpdateId })
  }
  return (frame) => {
    const message = JSON.parse(frame) as { data?: unknown }
    exchange.handleOrderBook(client, venue === 'BINANCE' ? message.data : message)
    const book = exchange.orderbooks[symbol]
    for (let at = 0; at < TOP; at++) seen(book?.bids[at], book?.asks[at])
  }
}

interface Depth {
  readonly bids: readonly (readonly string[])[]
  readonly asks: readonly (readonly string[])[]
  readonly lastUpdateId: number
}

interface Mapper {
  canHandle(message: unknown): boolean
  map(message: unknown, at: Date): Iterable<object>
}

const EXCHANGES: Partial<Record<Venue, string>> = { BINANCE: 'binance', OKX: 'okex', KRAKEN: 'kraken' }

export const tardis: IngestPeer = async ({ venue, depth, frames }) => {
  const module = await installed<{
    normalizeBookChanges(exchange: string, at: Date): Mapper
    OrderBook: new () => {
      update(change: object): void
      bids(): Iterable<unknown>
      asks(): Iterable<unknown>
    }
  }>('tardis-dev/dist/index.js')
  const exchange = EXCHANGES[venue]
  if (module === null || exchange === undefined) return null
  const at = new Date(Date.UTC(2026, 0, 2))
  const mapper = module.normalizeBookChanges(exchange, at)
  if (!mapper.canHandle(JSON.parse(frames[0] ?? '{}'))) return null
  const book = new module.OrderBook()
  const take = (message: unknown): void => {
    for (const change of mapper.map(message, at)) book.update(change)
  }
  if (depth !== null) {
    const { stream } = JSON.parse(frames[0] ?? '{}') as { stream: string }
    take({ stream: stream.replace('@depth', '@depthSnapshot'), data: JSON.parse(depth) })
  }
  return (frame) => {
    take(JSON.parse(frame))
    for (const side of [book.bids(), book.asks()]) {
      let count = 0
      for (const level of side) {
        seen(level, null)
        if (++count >= TOP) break
      }
    }
  }
}

let sink: unknown
const seen = (one: unknown, other: unknown): void => {
  sink = one ?? other ?? sink
}
