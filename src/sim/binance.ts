/** Binance as it stands on the wire: one combined stream, ranges of update ids, unknown symbols that are accepted and stay silent. */
import { eight } from './digits.ts'
import type { Link } from './link.ts'
import type { Market, Moment } from './market.ts'
import { binanceRest, levels, spellingOf, updateIdOf } from './binance-rest.ts'
import type { UpdateIds } from './binance-rest.ts'
import { Board } from './site.ts'
import type { StreamSide, VenueServer, VenueSite } from './site.ts'
import { foldBars } from './chart.ts'
import { MINUTE_MS } from './world.ts'

export function binanceServer(site: VenueSite): VenueServer {
  const ids: UpdateIds = new Map()
  return { rest: binanceRest(site, ids), stream: streamSide(site, ids) }
}

function streamSide(site: VenueSite, ids: UpdateIds): StreamSide {
  const board = new Board()
  const bySpelling = new Map(site.markets.map((market) => [spellingOf(market).toLowerCase(), market]))
  const klines = createKlines(site, board)
  const follow = (link: Link, streams: readonly string[]): void => {
    for (const stream of streams) {
      board.add(link, stream)
      const market = bySpelling.get(stream.slice(0, stream.indexOf('@')))
      if (market !== undefined) site.wake(market)
    }
  }
  return {
    paths: ['/stream', '/ws'],
    opened: (link, query) =>
      follow(
        link,
        (query.get('streams') ?? '').split('/').filter((stream) => stream !== ''),
      ),
    closed: (link) => board.drop(link),
    heard: (link, text) => {
      const reply = hear(text, {
        subscribe: (streams) => follow(link, streams),
        unsubscribe: (streams) => streams.forEach((stream) => board.remove(link, stream)),
        list: () => [...link.topics],
      })
      link.send({ kind: 'control', symbol: null, text: JSON.stringify(reply) })
    },
    moved: (market, moment) => {
      const name = spellingOf(market)
      sendTrades(market, moment, board)
      sendDepth(market, moment, { site, ids, board })
      if (moment.trades.length > 0) klines.touch(name.toLowerCase(), market)
    },
    second: (at) => {
      klines.second(at)
      if (at % 20_000 < 1_000)
        for (const topic of board.topics()) for (const link of board.readers(topic) ?? []) link.ping()
    },
    shutdownNotice: () =>
      JSON.stringify({ stream: '!serverShutdown', data: { e: 'serverShutdown', E: site.time() } }),
  }
}

interface Wishes {
  readonly subscribe: (streams: readonly string[]) => void
  readonly unsubscribe: (streams: readonly string[]) => void
  readonly list: () => readonly string[]
}

function hear(text: string, wishes: Wishes): unknown {
  let message: { readonly method?: unknown; readonly params?: unknown; readonly id?: unknown }
  try {
    message = JSON.parse(text) as typeof message
  } catch {
    return { error: { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' } }
  }
  const { method, params, id = null } = message
  if (method === 'LIST_SUBSCRIPTIONS') return { result: wishes.list(), id }
  const isList = Array.isArray(params) && params.every((param) => typeof param === 'string')
  if ((method !== 'SUBSCRIBE' && method !== 'UNSUBSCRIBE') || !isList) {
    return { code: 2, msg: `Invalid request: unknown variant \`${String(method)}\``, id }
  }
  if (method === 'SUBSCRIBE') wishes.subscribe(params as string[])
  else wishes.unsubscribe(params as string[])
  return { result: null, id }
}

function sendTrades(market: Market, { trades, at }: Moment, board: Board): void {
  const name = spellingOf(market)
  const stream = `${name.toLowerCase()}@trade`
  const readers = board.readers(stream)
  if (readers === undefined) return
  for (const trade of trades) {
    const price = eight(trade.price, market.priceDigits)
    const size = eight(trade.size, market.sizeDigits)
    const text = `{"stream":"${stream}","data":{"e":"trade","E":${at},"s":"${name}","t":${trade.id},"p":"${price}","q":"${size}","T":${trade.at},"m":${!trade.isTakerBuy},"M":true}}`
    for (const link of readers) link.send({ kind: 'trade', symbol: market.symbol, text, trades: 1 })
  }
}

function sendDepth(
  market: Market,
  { bids, asks }: Moment,
  { site, ids, board }: { readonly site: VenueSite; readonly ids: UpdateIds; readonly board: Board },
): void {
  const count = bids.length + asks.length
  if (count === 0) return
  let first = updateIdOf(ids, market) + 1
  // A number nobody will ever send: the reader has to notice.
  if (site.faults.strike('gap', 'BINANCE', market.symbol)) {
    site.counts.gaps++
    first++
  }
  const last = first + count - 1
  ids.set(market, last)
  const name = spellingOf(market)
  for (const stream of [`${name.toLowerCase()}@depth@100ms`, `${name.toLowerCase()}@depth`]) {
    const readers = board.readers(stream)
    if (readers === undefined) continue
    const text = `{"stream":"${stream}","data":{"e":"depthUpdate","E":${site.time()},"s":"${name}","U":${first},"u":${last},"b":${levels(market, bids)},"a":${levels(market, asks)}}}`
    for (const link of readers) link.send({ kind: 'book', symbol: market.symbol, text })
  }
}

/** One-minute candles: every two seconds while there is trade, and once more, closed, when the minute is over. */
function createKlines(
  site: VenueSite,
  board: Board,
): { readonly touch: (name: string, market: Market) => void; readonly second: (at: number) => void } {
  const open = new Map<string, { readonly market: Market; readonly openAt: number; isFresh: boolean }>()
  const send = (name: string, market: Market, openAt: number, isClosed: boolean): void => {
    const stream = `${name}@kline_1m`
    const readers = board.readers(stream)
    if (readers === undefined) return
    const bar = foldBars(market.bars('M1', { from: openAt, to: openAt + 1, at: site.now() }))
    const price = (units: number): string => eight(units, market.priceDigits)
    const size = (units: number): string => eight(units, market.sizeDigits)
    const turnover = (bar.turnover / 10 ** (market.priceDigits + market.sizeDigits)).toFixed(8)
    const k = {
      t: openAt,
      T: openAt + MINUTE_MS - 1,
      s: spellingOf(market),
      i: '1m',
      f: bar.firstId,
      L: bar.lastId,
      o: price(bar.open),
      c: price(bar.close),
      h: price(bar.high),
      l: price(bar.low),
      v: size(bar.volume),
      n: bar.count,
      x: isClosed,
      q: turnover,
      V: size(bar.takerVolume),
      Q: '0.00000000',
      B: '0',
    }
    const text = JSON.stringify({ stream, data: { e: 'kline', E: site.time(), s: spellingOf(market), k } })
    for (const link of readers) link.send({ kind: 'candle', symbol: market.symbol, text })
  }
  return {
    touch: (name, market) => {
      const openAt = Math.floor(site.now() / MINUTE_MS) * MINUTE_MS
      const known = open.get(name)
      if (known !== undefined && known.openAt !== openAt) send(name, market, known.openAt, true)
      open.set(name, { market, openAt, isFresh: true })
    },
    second: (at) => {
      for (const [name, candle] of open) {
        if (at >= candle.openAt + MINUTE_MS) {
          send(name, candle.market, candle.openAt, true)
          open.delete(name)
        } else if (candle.isFresh && Math.floor(at / 1000) % 2 === 0) {
          send(name, candle.market, candle.openAt, false)
          candle.isFresh = false
        }
      }
    },
  }
}
