/** OKX over REST: everything a string, errors with HTTP 200, candles newest first. */
import { INTERVAL_MS } from '../domain/market.ts'
import type { Interval } from '../domain/market.ts'
import { POWERS, trimmed } from './digits.ts'
import type { Change, Market } from './market.ts'
import { good, okxSwaps, refused, swaps } from './okx-swaps.ts'
import type { Answered, Asked, RestSide, VenueSite } from './site.ts'
import type { Bar } from './tape.ts'

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
    ...okxSwaps(site),
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
  return good(swaps(site))
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
