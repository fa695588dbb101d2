/** Coinbase Advanced Trade over REST: public market paths, candles newest first without the empty ones, the maker's side on trades. */
import { INTERVAL_MS } from '../domain/market.ts'
import type { Interval } from '../domain/market.ts'
import { POWERS, trimmed } from './digits.ts'
import type { Market } from './market.ts'
import { notFound } from './site.ts'
import type { Answered, RestSide, VenueSite } from './site.ts'
import type { Trade } from './tape.ts'

const ROOT = '/api/v3/brokerage/market'
const GRANULARITIES: Readonly<Record<string, Interval>> = {
  ONE_MINUTE: 'M1',
  FIVE_MINUTE: 'M5',
  FIFTEEN_MINUTE: 'M15',
  THIRTY_MINUTE: 'M30',
  ONE_HOUR: 'H1',
  FOUR_HOUR: 'H4',
  ONE_DAY: 'D1',
}
const MOST_CANDLES = 350

export const spellingOf = (market: Market): string => `${market.base}-${market.quote}`

/** `2026-04-07T00:28:58.544000Z` */
export const stamp = (at: number): string => new Date(at).toISOString().replace('Z', '000Z')

export const priced = ({ priceDigits }: Market, ticks: number): string => trimmed(ticks, priceDigits)
export const sized = ({ sizeDigits }: Market, lots: number): string => trimmed(lots, sizeDigits)

export function coinbaseRest(site: VenueSite): RestSide {
  const bySpelling = new Map(site.markets.map((market) => [spellingOf(market), market]))
  const unknown = (id: string): Answered => ({
    status: 404,
    body: {
      error: 'NOT_FOUND',
      error_details: `product not found: ${id}`,
      message: `product not found: ${id}`,
    },
  })
  return {
    errorBody: (status) => ({
      error: status === 429 ? 'rate limit exceeded' : 'unknown',
      error_details: '',
      message: status === 429 ? 'Too Many Requests' : 'Internal error',
    }),
    answer: ({ path, query }) => {
      if (!path.startsWith(ROOT))
        return path === '/api/v3/brokerage/time'
          ? { body: { iso: stamp(site.time()), epochMillis: String(site.time()) } }
          : notFound
      const rest = path.slice(ROOT.length)
      if (rest === '/products') return { body: products(site, query.getAll('product_ids')) }
      const [, id = '', what = ''] = /^\/products\/([^/]+)(?:\/(ticker|candles))?$/.exec(rest) ?? []
      const asked = rest === '/product_book' ? (query.get('product_id') ?? '') : id
      const market = bySpelling.get(asked)
      if (market === undefined) return asked === '' ? notFound : unknown(asked)
      if (rest === '/product_book') return book(site, market, Number(query.get('limit') ?? 100_000))
      if (what === 'ticker') return recent(site, market, Number(query.get('limit') ?? 100))
      if (what === 'candles') return candles(site, market, query)
      return { body: product(site, market) }
    },
  }
}

function products(site: VenueSite, wanted: readonly string[]): unknown {
  const markets = site.markets.filter((market) => wanted.length === 0 || wanted.includes(spellingOf(market)))
  return { products: markets.map((market) => product(site, market)), num_products: markets.length }
}

function product(site: VenueSite, market: Market): unknown {
  const { bid, ask, last } = market.touch(site.now())
  const day = market.day(site.now())
  const tick = trimmed(1, market.priceDigits)
  return {
    product_id: spellingOf(market),
    price: priced(market, last),
    price_percentage_change_24h: String((last / day.open - 1) * 100),
    volume_24h: sized(market, day.volume),
    volume_percentage_change_24h: '3.2',
    base_increment: trimmed(1, market.sizeDigits),
    quote_increment: tick,
    quote_min_size: '1',
    quote_max_size: '150000000',
    base_min_size: trimmed(1, market.sizeDigits),
    base_max_size: '3400',
    base_name: site.world.coin(market.base).name,
    quote_name: market.quote === 'USD' ? 'US Dollar' : market.quote,
    watched: false,
    is_disabled: false,
    new: false,
    status: 'online',
    cancel_only: false,
    limit_only: false,
    post_only: false,
    trading_disabled: false,
    auction_mode: false,
    product_type: 'SPOT',
    quote_currency_id: market.quote,
    base_currency_id: market.base,
    fcm_trading_session_details: null,
    mid_market_price: '',
    alias: '',
    alias_to: [],
    base_display_symbol: market.base,
    quote_display_symbol: market.quote,
    view_only: false,
    price_increment: tick,
    display_name: spellingOf(market),
    product_venue: 'CBE',
    approximate_quote_24h_volume: (
      day.turnover /
      (POWERS[market.priceDigits]! * POWERS[market.sizeDigits]!)
    ).toFixed(2),
    best_bid_price: priced(market, bid[0]),
    best_ask_price: priced(market, ask[0]),
  }
}

function book(site: VenueSite, market: Market, limit: number): Answered {
  site.wake(market)
  const side = (ladder: Market['bids']): readonly unknown[] =>
    ladder.prices
      .slice(0, limit)
      .map((price, at) => ({ price: priced(market, price), size: sized(market, ladder.sizes[at]!) }))
  const middle = (market.bids.prices[0]! + market.asks.prices[0]!) / 2 / POWERS[market.priceDigits]!
  const spread = market.asks.prices[0]! - market.bids.prices[0]!
  return {
    body: {
      pricebook: {
        product_id: spellingOf(market),
        bids: side(market.bids),
        asks: side(market.asks),
        time: stamp(site.time()),
      },
      last: String(middle),
      mid_market: String(middle),
      spread_bps: ((spread / POWERS[market.priceDigits]! / middle) * 10_000).toFixed(12),
      spread_absolute: priced(market, spread),
    },
  }
}

/** The maker's side, as the venue has it: a taker's purchase is a `SELL`. */
export const makerSide = (trade: Trade): string => (trade.isTakerBuy ? 'SELL' : 'BUY')

function recent(site: VenueSite, market: Market, limit: number): Answered {
  site.wake(market)
  const trades = market
    .trades(site.now())
    .slice(-Math.min(1000, limit))
    .toReversed()
    .map((trade) => ({
      trade_id: String(trade.id),
      product_id: spellingOf(market),
      price: priced(market, trade.price),
      size: sized(market, trade.size),
      time: stamp(trade.at),
      side: makerSide(trade),
      bid: '',
      ask: '',
      exchange: 'coinbase',
    }))
  return {
    body: {
      trades,
      best_bid: priced(market, market.bids.prices[0]!),
      best_ask: priced(market, market.asks.prices[0]!),
    },
  }
}

function candles(site: VenueSite, market: Market, query: URLSearchParams): Answered {
  const interval = GRANULARITIES[query.get('granularity') ?? '']
  const [start, end] = [Number(query.get('start') ?? Number.NaN), Number(query.get('end') ?? Number.NaN)]
  if (interval === undefined || !Number.isFinite(start) || !Number.isFinite(end)) {
    return {
      status: 400,
      body: {
        error: 'INVALID_ARGUMENT',
        error_details: 'granularity, start and end are required',
        message: 'granularity, start and end are required',
      },
    }
  }
  const length = INTERVAL_MS[interval]
  if (((end - start) * 1000) / length > MOST_CANDLES) {
    return {
      status: 400,
      body: {
        error: 'INVALID_ARGUMENT',
        error_details: 'number of candles requested should be less than 350',
        message: 'number of candles requested should be less than 350',
      },
    }
  }
  const bars = market.bars(interval, { from: start * 1000, to: end * 1000 + 1, at: site.now() })
  return {
    body: {
      candles: bars
        .filter(({ count }) => count > 0)
        .toReversed()
        .map((bar) => ({
          start: String(bar.openAt / 1000),
          low: priced(market, bar.low),
          high: priced(market, bar.high),
          open: priced(market, bar.open),
          close: priced(market, bar.close),
          volume: sized(market, bar.volume),
        })),
    },
  }
}
