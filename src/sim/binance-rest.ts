/** Binance spot over REST: everything under /api/v3, weights in a header. */
import { INTERVAL_MS } from '../domain/market.ts'
import type { Interval } from '../domain/market.ts'
import { binanceFutures, INVALID_SYMBOL } from './binance-futures.ts'
import type { Weighted } from './binance-futures.ts'
import { eight, POWERS } from './digits.ts'
import type { Change, Market } from './market.ts'
import type { Answered, Asked, RestSide, VenueSite } from './site.ts'
import { HOUR_MS } from './world.ts'

const INTERVALS: Readonly<Record<string, Interval>> = {
  '1m': 'M1',
  '5m': 'M5',
  '15m': 'M15',
  '30m': 'M30',
  '1h': 'H1',
  '4h': 'H4',
  '1d': 'D1',
}

/** Last update id of every living book. */
export type UpdateIds = Map<Market, number>

export const spellingOf = (market: Market): string => `${market.base}${market.quote}`

export function updateIdOf(ids: UpdateIds, market: Market): number {
  return ids.get(market) ?? 50_000_000_000
}

export function levels({ priceDigits, sizeDigits }: Market, changes: readonly Change[]): string {
  return `[${changes.map(([price, size]) => `["${eight(price, priceDigits)}","${eight(size, sizeDigits)}"]`).join(',')}]`
}

export function binanceRest(site: VenueSite, ids: UpdateIds): RestSide {
  const bySpelling = new Map(site.markets.map((market) => [spellingOf(market), market]))
  const used = { minute: 0, weight: 0 }
  const spend = (weight: number): Readonly<Record<string, string>> => {
    const minute = Math.floor(site.now() / 60_000)
    if (minute !== used.minute) Object.assign(used, { minute, weight: 0 })
    used.weight += weight
    return { 'x-mbx-used-weight': String(used.weight), 'x-mbx-used-weight-1m': String(used.weight) }
  }
  const market = ({ query }: Asked): Market | undefined => bySpelling.get(query.get('symbol') ?? '')
  const paths: Readonly<Record<string, Weighted>> = {
    ...binanceFutures(site),
    '/api/v3/ping': [1, () => ({ body: {} })],
    '/api/v3/time': [1, () => ({ body: { serverTime: site.time() } })],
    '/api/v3/exchangeInfo': [20, () => ({ body: exchangeInfo(site) })],
    '/api/v3/depth': [25, (asked) => depth(site, market(asked), { ids, limit: limitOf(asked, 100, 5000) })],
    '/api/v3/trades': [25, (asked) => trades(site, market(asked), limitOf(asked, 500, 1000))],
    '/api/v3/klines': [2, (asked) => klines(site, market(asked), asked)],
    '/api/v3/ticker/24hr': [2, (asked) => many(asked, bySpelling, (found) => dayTicker(site, found))],
    '/api/v3/ticker/price': [
      2,
      (asked) =>
        many(asked, bySpelling, (found) => ({
          symbol: spellingOf(found),
          price: eight(found.touch(site.now()).last, found.priceDigits),
        })),
    ],
    '/api/v3/ticker/bookTicker': [2, (asked) => many(asked, bySpelling, (found) => bookTicker(site, found))],
  }
  return {
    errorBody: (status) =>
      status === 429 || status === 418
        ? {
            code: -1003,
            msg: 'Too much request weight used; current limit is 6000 request weight per 1 MINUTE.',
          }
        : { code: -1000, msg: 'An unknown error occurred while processing the request.' },
    answer: (asked) => {
      const found = Object.hasOwn(paths, asked.path) ? paths[asked.path] : undefined
      if (found === undefined) return { status: 404, body: { code: -1000, msg: 'Not found' } }
      const [weight, answer] = found
      const headers = spend(weight)
      const answered = answer(asked)
      return { ...answered, headers: { ...answered.headers, ...headers } }
    },
  }
}

function limitOf({ query }: Asked, usual: number, most: number): number {
  const asked = Number(query.get('limit') ?? usual)
  return Number.isInteger(asked) && asked > 0 ? Math.min(asked, most) : usual
}

function exchangeInfo(site: VenueSite): unknown {
  return {
    timezone: 'UTC',
    serverTime: site.time(),
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000 },
      { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 300_000 },
    ],
    exchangeFilters: [],
    symbols: site.markets.map((market) => ({
      symbol: spellingOf(market),
      status: 'TRADING',
      baseAsset: market.base,
      baseAssetPrecision: 8,
      quoteAsset: market.quote,
      quotePrecision: 8,
      quoteAssetPrecision: 8,
      orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET'],
      icebergAllowed: true,
      isSpotTradingAllowed: true,
      isMarginTradingAllowed: false,
      filters: [
        {
          filterType: 'PRICE_FILTER',
          minPrice: eight(1, market.priceDigits),
          maxPrice: '1000000.00000000',
          tickSize: eight(1, market.priceDigits),
        },
        {
          filterType: 'LOT_SIZE',
          minQty: eight(1, market.sizeDigits),
          maxQty: '9000.00000000',
          stepSize: eight(1, market.sizeDigits),
        },
      ],
      permissions: [],
      permissionSets: [],
    })),
  }
}

function depth(
  site: VenueSite,
  market: Market | undefined,
  { ids, limit }: { readonly ids: UpdateIds; readonly limit: number },
): Answered {
  if (market === undefined) return INVALID_SYMBOL
  site.wake(market)
  const side = (ladder: Market['bids']): string =>
    levels(
      market,
      ladder.prices.slice(0, limit).map((price, at) => [price, ladder.sizes[at]!]),
    )
  return {
    body: `{"lastUpdateId":${updateIdOf(ids, market)},"bids":${side(market.bids)},"asks":${side(market.asks)}}`,
  }
}

function trades(site: VenueSite, market: Market | undefined, limit: number): Answered {
  if (market === undefined) return INVALID_SYMBOL
  site.wake(market)
  return {
    body: market
      .trades(site.now())
      .slice(-limit)
      .map((trade) => ({
        id: trade.id,
        price: eight(trade.price, market.priceDigits),
        qty: eight(trade.size, market.sizeDigits),
        quoteQty: turnover(market, trade.price * trade.size),
        time: trade.at,
        isBuyerMaker: !trade.isTakerBuy,
        isBestMatch: true,
      })),
  }
}

const turnover = (market: Market, product: number): string =>
  (product / (POWERS[market.priceDigits]! * POWERS[market.sizeDigits]!)).toFixed(8)

function klines(site: VenueSite, market: Market | undefined, asked: Asked): Answered {
  if (market === undefined) return INVALID_SYMBOL
  const interval = INTERVALS[asked.query.get('interval') ?? '']
  if (interval === undefined) return { status: 400, body: { code: -1120, msg: 'Invalid interval.' } }
  const length = INTERVAL_MS[interval]
  const limit = limitOf(asked, 500, 1000)
  const at = site.now()
  const start = asked.query.get('startTime')
  const end = Math.min(Number(asked.query.get('endTime') ?? at), at)
  const from = start === null ? Math.floor(end / length) * length - (limit - 1) * length : Number(start)
  const rows = market.bars(interval, { from, to: Math.min(end + 1, from + limit * length), at })
  return {
    body: rows
      .slice(0, limit)
      .map((bar) => [
        bar.openAt,
        ...[bar.open, bar.high, bar.low, bar.close].map((price) => eight(price, market.priceDigits)),
        eight(bar.volume, market.sizeDigits),
        bar.openAt + length - 1,
        turnover(market, bar.turnover),
        bar.count,
        eight(bar.takerVolume, market.sizeDigits),
        turnover(market, bar.volume === 0 ? 0 : (bar.turnover * bar.takerVolume) / bar.volume),
        '0',
      ]),
  }
}

function many(
  asked: Asked,
  bySpelling: ReadonlyMap<string, Market>,
  row: (market: Market) => unknown,
): Answered {
  const one = asked.query.get('symbol')
  if (one !== null) {
    const found = bySpelling.get(one)
    return found === undefined ? INVALID_SYMBOL : { body: row(found) }
  }
  const list = asked.query.get('symbols')
  if (list === null) return { body: [...bySpelling.values()].map(row) }
  let names: unknown
  try {
    names = JSON.parse(list)
  } catch {
    return { status: 400, body: { code: -1100, msg: "Illegal characters found in parameter 'symbols'." } }
  }
  const found = (Array.isArray(names) ? names : []).map((name) => bySpelling.get(String(name)))
  if (found.length === 0 || found.includes(undefined)) return INVALID_SYMBOL
  return { body: found.map((market) => row(market!)) }
}

function bookTicker(site: VenueSite, market: Market): Record<string, string> {
  const { bid, ask } = market.touch(site.now())
  return {
    symbol: spellingOf(market),
    bidPrice: eight(bid[0], market.priceDigits),
    bidQty: eight(bid[1], market.sizeDigits),
    askPrice: eight(ask[0], market.priceDigits),
    askQty: eight(ask[1], market.sizeDigits),
  }
}

function dayTicker(site: VenueSite, market: Market): unknown {
  const at = site.now()
  const day = market.day(at)
  const price = (units: number): string => eight(units, market.priceDigits)
  const { last } = market.touch(at)
  const change = last - day.open
  return {
    ...bookTicker(site, market),
    priceChange: `${change < 0 ? '-' : ''}${price(Math.abs(change))}`,
    priceChangePercent: ((change / day.open) * 100).toFixed(3),
    weightedAvgPrice: (day.turnover / day.volume / POWERS[market.priceDigits]!).toFixed(8),
    prevClosePrice: price(day.open),
    lastPrice: price(last),
    lastQty: eight(1, market.sizeDigits),
    openPrice: price(day.open),
    highPrice: price(Math.max(day.high, last)),
    lowPrice: price(Math.min(day.low, last)),
    volume: eight(day.volume, market.sizeDigits),
    quoteVolume: turnover(market, day.turnover),
    openTime: site.time() - 24 * HOUR_MS,
    closeTime: site.time(),
    firstId: 1,
    lastId: 2,
    count: day.count,
  }
}
