/** OKX over REST: everything a string, errors with HTTP 200, candles newest first. */
import { INTERVAL_MS } from '../domain/market.ts'
import type { Interval } from '../domain/market.ts'
import { STABLE } from './coins.ts'
import { padded, POWERS, trimmed } from './digits.ts'
import type { Change, Market } from './market.ts'
import { interestOf, markOf } from './perpetuals.ts'
import type { Answered, Asked, RestSide, VenueSite } from './site.ts'
import type { Bar } from './tape.ts'
import { HOUR_MS } from './world.ts'

/** The last sequence id of every living book. */
export type SequenceIds = Map<Market, number>

export const FIRST_SEQUENCE = 80_000_000_000

const BARS: Readonly<Record<string, Interval>> = {
  '1m': 'M1',
  '5m': 'M5',
  '15m': 'M15',
  '30m': 'M30',
  '1H': 'H1',
  '4H': 'H4',
  '1Dutc': 'D1',
}

export const spellingOf = (market: Market): string => `${market.base}-${market.quote}`

export function okxRest(site: VenueSite, ids: SequenceIds): RestSide {
  const bySpelling = new Map(site.markets.map((market) => [spellingOf(market), market]))
  const market = ({ query }: Asked): Market | undefined => bySpelling.get(query.get('instId') ?? '')
  const withMarket = (asked: Asked, answer: (market: Market) => readonly unknown[] | Answered): Answered => {
    const found = market(asked)
    if (found === undefined)
      return refused('51001', "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    const answered = answer(found)
    return Array.isArray(answered) ? good(answered) : (answered as Answered)
  }
  const paths: Readonly<Record<string, (asked: Asked) => Answered>> = {
    '/api/v5/public/time': () => good([{ ts: String(site.time()) }]),
    '/api/v5/public/instruments': ({ query }) => instruments(site, query.get('instType') ?? ''),
    '/api/v5/market/tickers': ({ query }) =>
      good(query.get('instType') === 'SPOT' ? site.markets.map((found) => ticker(site, found)) : []),
    '/api/v5/market/ticker': (asked) => withMarket(asked, (found) => [ticker(site, found)]),
    '/api/v5/market/candles': (asked) =>
      withMarket(asked, (found) => candles(site, found, { asked, isRecent: true })),
    '/api/v5/market/history-candles': (asked) =>
      withMarket(asked, (found) => candles(site, found, { asked, isRecent: false })),
    '/api/v5/market/books': (asked) =>
      withMarket(asked, (found) => books(site, found, { ids, size: Number(asked.query.get('sz') ?? 1) })),
    '/api/v5/market/trades': (asked) =>
      withMarket(asked, (found) => trades(site, found, Number(asked.query.get('limit') ?? 100))),
    '/api/v5/public/funding-rate': ({ query }) =>
      perSwap(site, query.get('instId'), (found) => funding(site, found)),
    '/api/v5/public/open-interest': ({ query }) =>
      perSwap(site, query.get('instId') ?? 'ANY', (found) => interest(site, found)),
    '/api/v5/public/mark-price': ({ query }) =>
      perSwap(site, query.get('instId') ?? 'ANY', (found) => ({
        instType: 'SWAP',
        instId: swapOf(found),
        markPx: markOf(site.world, found.symbol, site.now()).toFixed(found.priceDigits),
        ts: String(site.time()),
      })),
  }
  return {
    errorBody: (status) =>
      status === 429
        ? { code: '50011', msg: 'Too Many Requests', data: [] }
        : { code: '50001', msg: 'Service temporarily unavailable', data: [] },
    answer: (asked) => {
      const answer = Object.hasOwn(paths, asked.path) ? paths[asked.path] : undefined
      return answer === undefined
        ? { status: 404, body: { code: '404', msg: 'Not Found', data: [] } }
        : answer(asked)
    },
  }
}

const good = (data: readonly unknown[]): Answered => ({ body: { code: '0', msg: '', data } })
const refused = (code: string, msg: string): Answered => ({ body: { code, msg, data: [] } })

export const sized = ({ sizeDigits }: Market, lots: number): string => trimmed(lots, sizeDigits)
export const priced = ({ priceDigits }: Market, ticks: number): string => trimmed(ticks, priceDigits)

function instruments(site: VenueSite, type: string): Answered {
  if (type === 'SPOT') {
    return good(
      site.markets.map((market) => ({
        alias: '',
        baseCcy: market.base,
        quoteCcy: market.quote,
        instId: spellingOf(market),
        instType: 'SPOT',
        ctVal: '',
        ctMult: '',
        ctType: '',
        ctValCcy: '',
        settleCcy: '',
        lotSz: trimmed(1, market.sizeDigits),
        minSz: trimmed(1, market.sizeDigits),
        tickSz: trimmed(1, market.priceDigits),
        state: 'live',
        listTime: '1548133413000',
        expTime: '',
        lever: '10',
        uly: '',
      })),
    )
  }
  if (type !== 'SWAP') return refused('51000', 'Parameter instType error')
  return good(
    swapMarkets(site).map((market) => ({
      alias: '',
      baseCcy: '',
      quoteCcy: '',
      instId: swapOf(market),
      instType: 'SWAP',
      ctVal: contractSizeOf(market),
      ctMult: '1',
      ctType: 'linear',
      ctValCcy: market.base,
      settleCcy: 'USDT',
      lotSz: '1',
      minSz: '1',
      tickSz: trimmed(1, market.priceDigits),
      state: 'live',
      listTime: '1611916828000',
      expTime: '',
      lever: '100',
      uly: `${market.base}-USDT`,
    })),
  )
}

function ticker(site: VenueSite, market: Market): unknown {
  const { bid, ask, last } = market.touch(site.now())
  const day = market.day(site.now())
  return {
    instType: 'SPOT',
    instId: spellingOf(market),
    last: priced(market, last),
    lastSz: sized(market, 1),
    askPx: priced(market, ask[0]),
    askSz: sized(market, ask[1]),
    bidPx: priced(market, bid[0]),
    bidSz: sized(market, bid[1]),
    open24h: priced(market, day.open),
    high24h: priced(market, Math.max(day.high, last)),
    low24h: priced(market, Math.min(day.low, last)),
    volCcy24h: turnover(market, day),
    vol24h: sized(market, day.volume),
    ts: String(site.time()),
    sodUtc0: priced(market, day.open),
    sodUtc8: priced(market, day.open),
  }
}

const turnover = (market: Market, bar: Bar): string =>
  String(Number((bar.turnover / (POWERS[market.priceDigits]! * POWERS[market.sizeDigits]!)).toFixed(6)))

export function candleRow(market: Market, bar: Bar, isClosed: boolean): readonly string[] {
  const quote = turnover(market, bar)
  return [
    String(bar.openAt),
    ...[bar.open, bar.high, bar.low, bar.close].map((price) => priced(market, price)),
    sized(market, bar.volume),
    quote,
    quote,
    isClosed ? '1' : '0',
  ]
}

/** `after` asks for older than, `before` for newer than; the recent path keeps the last 1,440 bars. */
function candles(
  site: VenueSite,
  market: Market,
  { asked, isRecent }: { readonly asked: Asked; readonly isRecent: boolean },
): readonly unknown[] | Answered {
  const { query } = asked
  const interval = BARS[query.get('bar') ?? '1m']
  if (interval === undefined) return refused('51000', 'Parameter bar error')
  const length = INTERVAL_MS[interval]
  const at = site.now()
  const limit = Math.min(300, Math.max(1, Number(query.get('limit') ?? 100) || 100))
  const to = Math.min(Number(query.get('after') ?? at + 1), at + 1)
  const oldest = isRecent ? Math.floor(at / length) * length - 1439 * length : 0
  const newest = Math.ceil(to / length) * length
  const from = Math.max(oldest, newest - limit * length, Number(query.get('before') ?? 0) + 1)
  return market
    .bars(interval, { from, to, at })
    .map((bar) => candleRow(market, bar, bar.openAt + length <= at))
    .toReversed()
}

export function levels(market: Market, changes: readonly Change[]): string {
  return `[${changes.map(([price, size]) => `["${priced(market, price)}","${sized(market, size)}","0","${size === 0 ? 0 : 1 + (price % 7)}"]`).join(',')}]`
}

function books(
  site: VenueSite,
  market: Market,
  { ids, size }: { readonly ids: SequenceIds; readonly size: number },
): Answered {
  site.wake(market)
  const side = (ladder: Market['bids']): string =>
    levels(
      market,
      ladder.prices.slice(0, Math.min(400, size)).map((price, at) => [price, ladder.sizes[at]!]),
    )
  return {
    body: `{"code":"0","msg":"","data":[{"asks":${side(market.asks)},"bids":${side(market.bids)},"ts":"${site.time()}","seqId":${ids.get(market) ?? FIRST_SEQUENCE}}]}`,
  }
}

function trades(site: VenueSite, market: Market, limit: number): readonly unknown[] {
  site.wake(market)
  return market
    .trades(site.now())
    .slice(-Math.min(500, limit))
    .toReversed()
    .map((trade) => ({
      instId: spellingOf(market),
      side: trade.isTakerBuy ? 'buy' : 'sell',
      sz: sized(market, trade.size),
      px: priced(market, trade.price),
      tradeId: String(trade.id),
      ts: String(trade.at),
    }))
}

const swapMarkets = (site: VenueSite): readonly Market[] =>
  site.markets.filter(({ base, quote }) => quote === 'USDT' && !STABLE.has(base))
const swapOf = (market: Market): string => `${market.base}-USDT-SWAP`

/** A contract is worth some ten to a thousand dollars. */
function contractSizeOf(market: Market): string {
  const digits = market.priceDigits
  if (digits <= 1) return '0.01'
  if (digits === 2) return '0.1'
  if (digits <= 4) return '1'
  return digits <= 6 ? '100' : '1000000'
}

function perSwap(site: VenueSite, asked: string | null, row: (market: Market) => unknown): Answered {
  const markets = swapMarkets(site)
  if (asked === 'ANY') return good(markets.map(row))
  const found = markets.find((market) => swapOf(market) === asked)
  return found === undefined
    ? refused('51001', "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    : good([row(found)])
}

function funding(site: VenueSite, market: Market): unknown {
  const at = site.now()
  const next = (Math.floor(at / (8 * HOUR_MS)) + 1) * 8 * HOUR_MS
  return {
    instType: 'SWAP',
    instId: swapOf(market),
    method: 'current_period',
    fundingRate: (site.world.fundingPerHour(market.base, at) * 8.4).toFixed(12),
    nextFundingRate: '',
    fundingTime: String(next),
    nextFundingTime: String(next + 8 * HOUR_MS),
    minFundingRate: '-0.015',
    maxFundingRate: '0.015',
    settFundingRate: (site.world.fundingPerHour(market.base, at - 8 * HOUR_MS) * 8).toFixed(12),
    settState: 'settled',
    premium: '0.0001',
    ts: String(site.time()),
  }
}

function interest(site: VenueSite, market: Market): unknown {
  const contracts = Math.round(
    (interestOf(site.world, market.base, site.now()) * 0.4) / Number(contractSizeOf(market)),
  )
  const coins = contracts * Number(contractSizeOf(market))
  return {
    instType: 'SWAP',
    instId: swapOf(market),
    oi: String(contracts),
    oiCcy: padded(Math.round(coins * 100), 2),
    oiUsd: (coins * site.world.price(market.symbol, site.now())).toFixed(2),
    ts: String(site.time()),
  }
}
