/**
 * Binance over REST: listings, day tickers, candles, depth and trades of spot markets. Hides weights, error
 * codes and column order.
 *
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api
 */
import { z } from 'zod'
import { mean } from '../domain/decimal.ts'
import { isSymbol } from '../domain/market.ts'
import type { Interval, Listing } from '../domain/market.ts'
import { amount, isAmount, isObject, isPositive, whole } from '../wire/json.ts'
import { readReply, rowsOf } from '../wire/reply.ts'
import type { Failure, Request } from '../wire/request.ts'
import type { CandleRange, CandleReading, QuoteReading, VenueSource } from './source.ts'

const INTERVAL_NAMES: Readonly<Record<Interval, string>> = {
  M1: '1m',
  M5: '5m',
  M15: '15m',
  M30: '30m',
  H1: '1h',
  H4: '4h',
  D1: '1d',
}

export function usedWeight(headers: Readonly<Record<string, string>>): number | null {
  const used = Number(headers['x-mbx-used-weight-1m'] ?? headers['x-mbx-used-weight'] ?? Number.NaN)
  return Number.isFinite(used) ? used : null
}

/** `{"code":-1121,"msg":"Invalid symbol."}` */
export function refusal(body: unknown): Failure | null {
  if (!isObject(body) || typeof body['code'] !== 'number' || typeof body['msg'] !== 'string') return null
  const message = `${body['code']} ${body['msg']}`.slice(0, 200)
  if (body['code'] === -1121) return { reason: 'NOT_LISTED', message }
  // -1003: too many requests, also sent with other statuses than 429.
  return { reason: body['code'] === -1003 ? 'RATE_LIMITED' : 'UNAVAILABLE', message }
}

/** `{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","isSpotTradingAllowed":true}]}` */
const exchangeInfo = z.object({
  symbols: rowsOf(
    z.object({
      symbol: z.string(),
      status: z.string(),
      baseAsset: z.string(),
      quoteAsset: z.string(),
      isSpotTradingAllowed: z.boolean(),
    }),
  ),
})

export function listings(): Request<readonly Listing[]> {
  return {
    host: 'rest',
    // Permission sets are nine tenths of the body and nothing to us.
    path: '/api/v3/exchangeInfo?showPermissionSets=false',
    weight: 20,
    read: (reply) =>
      readReply(reply, {
        shape: exchangeInfo,
        refusal,
        take: ({ symbols }) =>
          symbols
            .filter((row) => row.status === 'TRADING' && row.isSpotTradingAllowed)
            .map((row) => ({
              source: 'BINANCE' as const,
              symbol: `${row.baseAsset}-${row.quoteAsset}`,
              spelling: row.symbol,
            }))
            // Some asset names are not ASCII; no symbol of ours can name them.
            .filter(({ symbol }) => isSymbol(symbol)),
      }),
  }
}

/** `{"symbol":"BTCUSDT","lastPrice":"69383.05","bidPrice":"69383.05","askPrice":"69383.06","quoteVolume":"2650…","closeTime":1770531569610}` */
const ticker = z.object({
  symbol: z.string(),
  lastPrice: z.string(),
  bidPrice: z.string().optional(),
  askPrice: z.string().optional(),
  quoteVolume: z.string(),
  closeTime: whole,
})

/** Up to here a list of symbols is cheaper than all of them. */
const SYMBOLS_BY_NAME = 100

export function quotes(listings: readonly Listing[]): readonly Request<readonly QuoteReading[]>[] {
  if (listings.length === 0) return []
  const names = encodeURIComponent(JSON.stringify(listings.map(({ spelling }) => spelling)))
  const isAll = listings.length > SYMBOLS_BY_NAME
  const bySpelling = new Map(listings.map((listing) => [listing.spelling, listing.symbol]))
  return [
    {
      host: 'rest',
      path: isAll ? '/api/v3/ticker/24hr' : `/api/v3/ticker/24hr?symbols=${names}`,
      weight: isAll ? 80 : listings.length > 20 ? 40 : 2,
      read: (reply) =>
        readReply(reply, {
          shape: rowsOf(ticker),
          refusal,
          take: (rows) => rows.flatMap((row) => quoteOf(row, bySpelling.get(row.symbol))),
        }),
    },
  ]
}

function quoteOf(row: z.output<typeof ticker>, symbol: string | undefined): readonly QuoteReading[] {
  if (symbol === undefined) return []
  const { bidPrice: bid, askPrice: ask, lastPrice: last } = row
  return [
    {
      symbol,
      price: isPositive(bid) && isPositive(ask) ? mean([bid, ask]) : isPositive(last) ? last : null,
      volume24h: isAmount(row.quoteVolume) ? row.quoteVolume : null,
      volumeUnit: symbol.slice(symbol.indexOf('-') + 1),
      observedAt: row.closeTime,
    },
  ]
}

/** `[1770523200000,"69100.00","69372.06","68952.01","69340.16","390.41",1770526799999,"27020239.2",103999,"177.0","12254392.0","0"]` */
const candleRow = z.tuple([whole, amount, amount, amount, amount, amount], z.unknown())

export const candles: VenueSource['candles'] = {
  intervals: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
  maxPerRequest: 1000,
  request: requestCandles,
}

function requestCandles(
  listing: Listing,
  interval: Interval,
  { from, to }: CandleRange,
): Request<readonly CandleReading[]> {
  return {
    host: 'rest',
    path: `/api/v3/klines?symbol=${encodeURIComponent(listing.spelling)}&interval=${INTERVAL_NAMES[interval]}&startTime=${from}&endTime=${to - 1}&limit=1000`,
    weight: 2,
    read: (reply) =>
      readReply(reply, {
        shape: z.array(candleRow),
        refusal,
        take: (rows) =>
          rows
            .filter(([openTime]) => openTime >= from && openTime < to)
            .map(([openTime, open, high, low, close, volume]) => ({
              openTime,
              open,
              high,
              low,
              close,
              volume,
            })),
      }),
  }
}

const level = z.tuple([amount, amount])

/** `{"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[]}` */
const depthBody = z.object({ lastUpdateId: whole, bids: z.array(level), asks: z.array(level) })

export function depth(listing: Listing): ReturnType<VenueSource['depth']> {
  return {
    host: 'rest',
    // A thousand levels a side cost a fifth of five thousand and reach past 2 % on the large markets' own ticks;
    // a resync of every hot market at once still fits a minute's budget.
    path: `/api/v3/depth?symbol=${encodeURIComponent(listing.spelling)}&limit=1000`,
    weight: 50,
    read: (reply) =>
      readReply(reply, {
        shape: depthBody,
        refusal,
        take: ({ lastUpdateId, bids, asks }) => ({
          kind: 'bookSnapshot' as const,
          spelling: listing.spelling,
          bids,
          asks,
          sequence: lastUpdateId,
          checksum: null,
          observedAt: null,
        }),
      }),
  }
}

/** `{"id":409018748,"price":"0.06436200","qty":"0.01580000","time":1679280337591,"isBuyerMaker":false}` */
const tradeRow = z.object({ id: whole, price: amount, qty: amount, time: whole, isBuyerMaker: z.boolean() })

export function recentTrades(listing: Listing): ReturnType<VenueSource['recentTrades']> {
  return {
    host: 'rest',
    path: `/api/v3/trades?symbol=${encodeURIComponent(listing.spelling)}&limit=1000`,
    weight: 25,
    read: (reply) =>
      readReply(reply, {
        shape: z.array(tradeRow),
        refusal,
        take: (rows) =>
          rows.map((row) => ({
            kind: 'trade' as const,
            spelling: listing.spelling,
            id: String(row.id),
            price: row.price,
            size: row.qty,
            takerSide: row.isBuyerMaker ? ('SELL' as const) : ('BUY' as const),
            executedAt: row.time,
            isBackfill: true,
          })),
      }),
  }
}
