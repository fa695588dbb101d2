/** Kraken spot over REST: its own names for pairs, candles with vwap before volume, errors with HTTP 200. */
import { INTERVAL_MS } from '../domain/market.ts'
import type { Interval } from '../domain/market.ts'
import { STABLE } from './coins.ts'
import { padded, POWERS } from './digits.ts'
import type { Market } from './market.ts'
import type { Answered, Asked, RestSide, VenueSite } from './site.ts'
import { krakenFutures } from './kraken-futures.ts'

const ROOT = '/0/public/'
const MINUTES: Readonly<Record<string, Interval>> = {
  '1': 'M1',
  '5': 'M5',
  '15': 'M15',
  '30': 'M30',
  '60': 'H1',
  '240': 'H4',
  '1440': 'D1',
}
/** One more than its documentation says. */
const ROWS = 721
const ALTERNATIVE: Readonly<Record<string, string>> = { BTC: 'XBT', DOGE: 'XDG' }

/** `BTC/USD`: WebSocket v2 and `assetVersion=1`. */
export const spellingOf = (market: Market): string => `${market.base}/${market.quote}`

interface Names {
  /** `XXBTZUSD` */
  readonly key: string
  /** `XBTUSD` */
  readonly altname: string
  /** `XBT/USD` */
  readonly wsname: string
}

function namesOf(site: VenueSite, market: Market): Names {
  const base = ALTERNATIVE[market.base] ?? market.base
  const code = site.world.coin(market.base).krakenCode
  const altname = `${base}${market.quote}`
  const hasOldKey = market.quote === 'USD' && code !== undefined && market.base !== 'DOGE'
  const key = hasOldKey ? `${code}ZUSD` : market.base === 'USDT' ? 'USDTZUSD' : altname
  return { key, altname, wsname: `${base}/${market.quote}` }
}

export const priced = ({ priceDigits }: Market, ticks: number): string => padded(ticks, priceDigits)
export const sized = ({ sizeDigits }: Market, lots: number): string => padded(lots, sizeDigits)

export function krakenRest(site: VenueSite): RestSide {
  const byName = new Map<string, Market>()
  for (const market of site.markets) {
    const { key, altname, wsname } = namesOf(site, market)
    for (const name of [key, altname, wsname, spellingOf(market), `${market.base}${market.quote}`])
      byName.set(name, market)
  }
  const futures = krakenFutures(site)
  const paths: Readonly<Record<string, (asked: Asked) => Answered>> = {
    Time: () =>
      good({ unixtime: Math.floor(site.time() / 1000), rfc1123: new Date(site.time()).toUTCString() }),
    SystemStatus: () => good({ status: 'online', timestamp: new Date(site.time()).toISOString() }),
    AssetPairs: (asked) => perPair(site, asked, { byName, row: (market) => pair(site, market) }),
    Ticker: (asked) => perPair(site, asked, { byName, row: (market) => ticker(site, market) }),
    Depth: (asked) =>
      perPair(site, asked, {
        byName,
        row: (market) => depth(site, market, Number(asked.query.get('count') ?? 100)),
        isOne: true,
      }),
    OHLC: (asked) => candles(site, asked, byName),
    Trades: (asked) => trades(site, asked, byName),
  }
  return {
    errorBody: (status) => ({
      error: [status === 429 ? 'EGeneral:Too many requests' : 'EService:Unavailable'],
    }),
    answer: (asked) => {
      if (asked.path.startsWith('/derivatives/')) return futures(asked)
      const name = asked.path.startsWith(ROOT) ? asked.path.slice(ROOT.length) : ''
      const answer = Object.hasOwn(paths, name) ? paths[name] : undefined
      return answer === undefined ? { body: { error: ['EGeneral:Unknown method'] } } : answer(asked)
    },
  }
}

const good = (result: unknown): Answered => ({ body: { error: [], result } })
const unknownPair: Answered = { body: { error: ['EQuery:Unknown asset pair'] } }

interface PerPair {
  readonly byName: ReadonlyMap<string, Market>
  readonly row: (market: Market) => unknown
  readonly isOne?: boolean
}

function keyOf(site: VenueSite, { query }: Asked, market: Market): string {
  return query.get('assetVersion') === '1' ? spellingOf(market) : namesOf(site, market).key
}

function perPair(site: VenueSite, asked: Asked, { byName, row, isOne = false }: PerPair): Answered {
  const wanted = asked.query.get('pair')
  if (wanted === null && isOne) return { body: { error: ['EGeneral:Invalid arguments'] } }
  const markets: Market[] = []
  for (const name of wanted?.split(',') ?? site.markets.map(spellingOf)) {
    const market = byName.get(name)
    if (market === undefined) return unknownPair
    markets.push(market)
  }
  return good(Object.fromEntries(markets.map((market) => [keyOf(site, asked, market), row(market)])))
}

function pair(site: VenueSite, market: Market): unknown {
  const { altname, wsname } = namesOf(site, market)
  const code = site.world.coin(market.base).krakenCode ?? market.base
  return {
    altname,
    wsname,
    aclass_base: 'currency',
    base: code,
    aclass_quote: 'currency',
    quote: STABLE.has(market.quote) ? market.quote : `Z${market.quote}`,
    lot: 'unit',
    cost_decimals: 5,
    pair_decimals: market.priceDigits,
    lot_decimals: market.sizeDigits,
    lot_multiplier: 1,
    leverage_buy: [],
    leverage_sell: [],
    fees: [[0, 0.4]],
    fees_maker: [[0, 0.25]],
    fee_volume_currency: 'ZUSD',
    margin_call: 80,
    margin_stop: 40,
    ordermin: '0.0001',
    costmin: '0.5',
    tick_size: padded(1, market.priceDigits),
    status: 'online',
  }
}

function ticker(site: VenueSite, market: Market): unknown {
  const { bid, ask, last } = market.touch(site.now())
  const day = market.day(site.now())
  const vwap = padded(Math.round(day.turnover / day.volume), market.priceDigits)
  const part = Math.round(day.volume * 0.4)
  const touch = ([price, size]: readonly [number, number]): readonly string[] => {
    const whole = String(Math.max(1, Math.round(size / POWERS[market.sizeDigits]!)))
    return [priced(market, price), whole, `${whole}.000`]
  }
  return {
    a: touch([ask[0], ask[1]]),
    b: touch([bid[0], bid[1]]),
    c: [priced(market, last), sized(market, 1)],
    v: [sized(market, part), sized(market, day.volume)],
    p: [vwap, vwap],
    t: [Math.round(day.count * 0.4), day.count],
    l: [priced(market, Math.min(day.low, last)), priced(market, Math.min(day.low, last))],
    h: [priced(market, Math.max(day.high, last)), priced(market, Math.max(day.high, last))],
    o: priced(market, day.open),
  }
}

function depth(site: VenueSite, market: Market, count: number): unknown {
  site.wake(market)
  const at = Math.floor(site.time() / 1000)
  const side = (ladder: Market['bids']): readonly unknown[] =>
    ladder.prices
      .slice(0, Math.min(500, count))
      .map((price, index) => [priced(market, price), sized(market, ladder.sizes[index]!), at])
  return { asks: side(market.asks), bids: side(market.bids) }
}

function candles(site: VenueSite, asked: Asked, byName: ReadonlyMap<string, Market>): Answered {
  const market = byName.get(asked.query.get('pair') ?? '')
  if (market === undefined) return unknownPair
  const interval = MINUTES[asked.query.get('interval') ?? '1']
  if (interval === undefined) return { body: { error: ['EGeneral:Invalid arguments:interval'] } }
  const length = INTERVAL_MS[interval]
  const at = site.now()
  const oldest = Math.floor(at / length) * length - (ROWS - 1) * length
  const since = Number(asked.query.get('since') ?? 0) * 1000
  const bars = market.bars(interval, { from: Math.max(oldest, since + 1), to: at + 1, at })
  const rows = bars.map((bar) => {
    const vwap = bar.volume === 0 ? '0.0' : priced(market, Math.round(bar.turnover / bar.volume))
    return [
      bar.openAt / 1000,
      ...[bar.open, bar.high, bar.low, bar.close].map((price) => priced(market, price)),
      vwap,
      sized(market, bar.volume),
      bar.count,
    ]
  })
  return good({
    [keyOf(site, asked, market)]: rows,
    last: Math.floor(at / length) * (length / 1000) - length / 1000,
  })
}

function trades(site: VenueSite, asked: Asked, byName: ReadonlyMap<string, Market>): Answered {
  const market = byName.get(asked.query.get('pair') ?? '')
  if (market === undefined) return unknownPair
  site.wake(market)
  const count = Math.min(1000, Number(asked.query.get('count') ?? 1000))
  const since = asked.query.get('since')
  // Nanoseconds as a long whole number, or plain seconds.
  const after = since === null ? null : since.length > 12 ? Number(since.slice(0, -6)) : Number(since) * 1000
  const known = market.trades(site.now())
  const rows = after === null ? known.slice(-count) : known.filter(({ at }) => at > after).slice(0, count)
  return good({
    [keyOf(site, asked, market)]: rows.map((trade) => [
      priced(market, trade.price),
      sized(market, trade.size),
      trade.at / 1000,
      trade.isTakerBuy ? 'b' : 's',
      'm',
      '',
      trade.id,
    ]),
    last: `${rows.at(-1)?.at ?? site.time()}000000`,
  })
}
