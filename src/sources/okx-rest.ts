/**
 * OKX over REST: listings, tickers, candles, depth and trades of spot markets. Hides its envelope (errors come
 * with HTTP 200), its newest-first pages and its bars that would open at UTC+8.
 *
 * https://www.okx.com/docs-v5/en/#order-book-trading-market-data
 */
import { z } from 'zod'
import { mean } from '../domain/decimal.ts'
import { INTERVAL_MS, isSymbol } from '../domain/market.ts'
import type { Interval, Listing } from '../domain/market.ts'
import { amount, isAmount, isObject, isPositive, whole, wholeText } from '../wire/json.ts'
import { readReply, rowsOf } from '../wire/reply.ts'
import type { Failure, Reading, Request, WireReply } from '../wire/request.ts'
import type { CandleRange, CandleReading, QuoteReading, VenueSource } from './source.ts'

/** Reads `data` of `{"code":"0","msg":"","data":[…]}`. */
export function readData<S extends z.ZodType, T>(
  reply: WireReply,
  data: S,
  take: (data: z.output<S>) => T,
): Reading<T> {
  return readReply(reply, {
    shape: z.object({ data }),
    refusal,
    take: (body) => take((body as { readonly data: z.output<S> }).data),
  })
}

/** `{"code":"51001","msg":"Instrument ID doesn't exist","data":[]}`, with HTTP 200. */
function refusal(body: unknown): Failure | null {
  if (!isObject(body) || typeof body['code'] !== 'string' || body['code'] === '0') return null
  const message = `${body['code']} ${String(body['msg'])}`.slice(0, 200)
  if (body['code'] === '50011' || body['code'] === '50061') return { reason: 'RATE_LIMITED', message }
  return { reason: body['code'] === '51001' ? 'NOT_LISTED' : 'UNAVAILABLE', message }
}

/** `{"instId":"BTC-USDT","instType":"SPOT","baseCcy":"BTC","quoteCcy":"USDT","state":"live"}` */
const instrument = z.object({
  instId: z.string(),
  baseCcy: z.string(),
  quoteCcy: z.string(),
  state: z.string(),
})

export function listings(): Request<readonly Listing[]> {
  return {
    host: 'rest',
    path: '/api/v5/public/instruments?instType=SPOT',
    weight: 1,
    read: (reply) =>
      readData(reply, rowsOf(instrument), (rows) =>
        rows
          .filter((row) => row.state === 'live')
          .map((row) => ({
            source: 'OKX' as const,
            symbol: `${row.baseCcy}-${row.quoteCcy}`,
            spelling: row.instId,
          }))
          .filter(({ symbol }) => isSymbol(symbol)),
      ),
  }
}

/** `{"instId":"BTC-USDT","last":"69344.1","askPx":"69346.8","bidPx":"69346.7","volCcy24h":"814107860.33","vol24h":"11820.7","ts":"1770531569610"}` */
const ticker = z.object({
  instId: z.string(),
  last: z.string(),
  askPx: z.string(),
  bidPx: z.string(),
  volCcy24h: z.string(),
  ts: wholeText,
})

export function quotes(listings: readonly Listing[]): readonly Request<readonly QuoteReading[]>[] {
  if (listings.length === 0) return []
  const [first] = listings
  const bySpelling = new Map(listings.map((listing) => [listing.spelling, listing.symbol]))
  return [
    {
      host: 'rest',
      path:
        listings.length === 1 && first !== undefined
          ? `/api/v5/market/ticker?instId=${encodeURIComponent(first.spelling)}`
          : '/api/v5/market/tickers?instType=SPOT',
      weight: 1,
      read: (reply) =>
        readData(reply, rowsOf(ticker), (rows) =>
          rows.flatMap((row) => quoteOf(row, bySpelling.get(row.instId))),
        ),
    },
  ]
}

/** Fields can be `""`: nothing there, not zero. */
function quoteOf(row: z.output<typeof ticker>, symbol: string | undefined): readonly QuoteReading[] {
  if (symbol === undefined) return []
  const { bidPx: bid, askPx: ask, last } = row
  return [
    {
      symbol,
      price: isPositive(bid) && isPositive(ask) ? mean([bid, ask]) : isPositive(last) ? last : null,
      // Spot only: of a swap this would be base units.
      volume24h: isAmount(row.volCcy24h) ? row.volCcy24h : null,
      volumeUnit: symbol.slice(symbol.indexOf('-') + 1),
      observedAt: Number(row.ts),
    },
  ]
}

/** Case matters, and a day without `utc` opens at UTC+8. */
const BARS: Readonly<Record<Interval, string>> = {
  M1: '1m',
  M5: '5m',
  M15: '15m',
  M30: '30m',
  H1: '1H',
  H4: '4H',
  D1: '1Dutc',
}
/** How many bars back the recent path reaches; older ones stand in the archive. */
const RECENT_BARS = 1440

/** `["1770530400000","69223.3","69411.8","69088.1","69344.1","121.64947141","8426827.8","8426827.8","0"]` */
const candleRow = z.tuple([wholeText, amount, amount, amount, amount, amount], z.unknown())

export const candles: VenueSource['candles'] = {
  intervals: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
  maxPerRequest: 300,
  request: requestCandles,
}

function requestCandles(
  listing: Listing,
  interval: Interval,
  { from, to, now }: CandleRange,
): Request<readonly CandleReading[]> {
  const isOld = now !== undefined && from < now - RECENT_BARS * INTERVAL_MS[interval]
  const path = isOld ? 'history-candles' : 'candles'
  return {
    host: 'rest',
    // `after` asks for older than, `before` for newer than.
    path: `/api/v5/market/${path}?instId=${encodeURIComponent(listing.spelling)}&bar=${BARS[interval]}&after=${to}&before=${from - 1}&limit=300`,
    weight: 1,
    read: (reply) =>
      readData(reply, z.array(candleRow), (rows) =>
        rows
          .map(([ts, open, high, low, close, volume]) => ({
            openTime: Number(ts),
            open,
            high,
            low,
            close,
            volume,
          }))
          .filter(({ openTime }) => openTime >= from && openTime < to)
          .toReversed(),
      ),
  }
}

/** `{"asks":[["69360","0.15278383","0","3"]],"bids":[],"ts":"1770531570756","seqId":71066999493}` */
const book = z.object({
  asks: z.array(z.tuple([amount, amount], z.unknown())),
  bids: z.array(z.tuple([amount, amount], z.unknown())),
  ts: wholeText,
  seqId: whole.optional(),
})

export function depth(listing: Listing): ReturnType<VenueSource['depth']> {
  return {
    host: 'rest',
    path: `/api/v5/market/books?instId=${encodeURIComponent(listing.spelling)}&sz=400`,
    weight: 1,
    read: (reply) =>
      readData(reply, z.tuple([book], z.unknown()), ([{ bids, asks, ts, seqId }]) => ({
        kind: 'bookSnapshot' as const,
        spelling: listing.spelling,
        bids: bids.map(([price, size]) => [price, size] as const),
        asks: asks.map(([price, size]) => [price, size] as const),
        sequence: seqId ?? null,
        checksum: null,
        observedAt: Number(ts),
      })),
  }
}

/** `{"instId":"BTC-USDT","side":"sell","sz":"0.00013669","px":"102537.9","tradeId":"734864333","ts":"1747087163557"}`, newest first. */
const tradeRow = z.object({
  side: z.enum(['buy', 'sell']),
  sz: amount,
  px: amount,
  tradeId: z.string().min(1),
  ts: wholeText,
})

export function recentTrades(listing: Listing): ReturnType<VenueSource['recentTrades']> {
  return {
    host: 'rest',
    path: `/api/v5/market/trades?instId=${encodeURIComponent(listing.spelling)}&limit=500`,
    weight: 1,
    read: (reply) =>
      readData(reply, z.array(tradeRow), (rows) =>
        rows
          .map((row) => ({
            kind: 'trade' as const,
            spelling: listing.spelling,
            id: row.tradeId,
            price: row.px,
            size: row.sz,
            takerSide: row.side === 'buy' ? ('BUY' as const) : ('SELL' as const),
            executedAt: Number(row.ts),
            isBackfill: true,
          }))
          .toReversed(),
      ),
  }
}
