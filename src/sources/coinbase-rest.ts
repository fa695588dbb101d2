/**
 * Coinbase Advanced Trade over REST: products, candles, book and trades. Hides merged products (`alias`),
 * the maker's side, newest-first pages and their text seconds.
 *
 * https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/public
 */
import { z } from 'zod'
import { isSymbol } from '../domain/market.ts'
import type { Interval, Listing } from '../domain/market.ts'
import { amount, instantOf, isAmount, isObject, isPositive, wholeText } from '../wire/json.ts'
import { readReply, rowsOf } from '../wire/reply.ts'
import type { Failure, Request } from '../wire/request.ts'
import type { CandleRange, CandleReading, QuoteReading, VenueSource } from './source.ts'

/** `{"error":"NOT_FOUND","error_details":"valid product_id is required","message":"valid product_id is required"}`, HTTP 404 */
function refusal(body: unknown, status: number): Failure | null {
  if (status < 400 || status > 499 || status === 401 || status === 403 || !isObject(body)) return null
  const message = `${String(body['error'])} ${String(body['message'] ?? '')}`.trim().slice(0, 200)
  const isUnknown =
    status === 404 || body['error'] === 'NOT_FOUND' || /product_?id|granularity/i.test(message)
  return { reason: isUnknown ? 'NOT_LISTED' : 'UNAVAILABLE', message }
}

/** `{"product_id":"BTC-USD","price":"68925.98","volume_24h":"11005.02","status":"online","product_type":"SPOT","alias":"","base_currency_id":"BTC","quote_currency_id":"USD","mid_market_price":""}` */
const product = z.object({
  product_id: z.string(),
  price: z.string(),
  mid_market_price: z.string().optional(),
  volume_24h: z.string(),
  status: z.string(),
  product_type: z.string(),
  alias: z.string().optional(),
  is_disabled: z.boolean().optional(),
  trading_disabled: z.boolean().optional(),
  base_currency_id: z.string(),
  quote_currency_id: z.string(),
})
const products = z.object({ products: rowsOf(product) })

export function listings(): Request<readonly Listing[]> {
  return {
    host: 'rest',
    path: '/products?product_type=SPOT',
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        shape: products,
        refusal,
        take: (body) =>
          body.products.filter(isOwnMarket).map((row) => ({
            source: 'COINBASE' as const,
            symbol: `${row.base_currency_id}-${row.quote_currency_id}`,
            spelling: row.product_id,
          })),
      }),
  }
}

/** An alias shares another product's book: BTC-USDC answers with frames of BTC-USD. */
function isOwnMarket(row: z.output<typeof product>): boolean {
  return (
    row.product_type === 'SPOT' &&
    row.status === 'online' &&
    (row.alias ?? '') === '' &&
    row.is_disabled !== true &&
    row.trading_disabled !== true &&
    isSymbol(`${row.base_currency_id}-${row.quote_currency_id}`)
  )
}

/** Up to here products are named; beyond, all of them fit one reply better than their names one address. */
const PRODUCTS_BY_NAME = 50

export function quotes(listings: readonly Listing[]): readonly Request<readonly QuoteReading[]>[] {
  if (listings.length === 0) return []
  const named = listings.map(({ spelling }) => `&product_ids=${encodeURIComponent(spelling)}`).join('')
  const bySpelling = new Map(listings.map((listing) => [listing.spelling, listing.symbol]))
  return [
    {
      host: 'rest',
      path: `/products?product_type=SPOT${listings.length > PRODUCTS_BY_NAME ? '' : named}`,
      weight: 1,
      read: (reply) =>
        readReply(reply, {
          shape: products,
          refusal,
          take: (body) => body.products.flatMap((row) => quoteOf(row, bySpelling.get(row.product_id))),
        }),
    },
  ]
}

function quoteOf(row: z.output<typeof product>, symbol: string | undefined): readonly QuoteReading[] {
  if (symbol === undefined) return []
  const { mid_market_price: mid, price: last, volume_24h: volume } = row
  return [
    {
      symbol,
      price: isPositive(mid) ? mid : isPositive(last) ? last : null,
      // The quote-currency figure beside it is called approximate, and is.
      volume24h: isAmount(volume) ? volume : null,
      volumeUnit: row.base_currency_id,
      observedAt: null,
    },
  ]
}

/** Four hours were added last; a deployment without them says so, and is then not listed for them. */
const GRANULARITIES: Readonly<Record<Interval, string>> = {
  M1: 'ONE_MINUTE',
  M5: 'FIVE_MINUTE',
  M15: 'FIFTEEN_MINUTE',
  M30: 'THIRTY_MINUTE',
  H1: 'ONE_HOUR',
  H4: 'FOUR_HOUR',
  D1: 'ONE_DAY',
}

export const candles: VenueSource['candles'] = {
  intervals: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
  maxPerRequest: 350,
  request: requestCandles,
}

/** `{"candles":[{"start":"1712192400","low":"66055.14","high":"66331.99","open":"66312.4","close":"66181.6","volume":"355.82896243"}]}`, newest first; a candle without trades is left out. */
const candlesBody = z.object({
  candles: z.array(
    z.object({ start: wholeText, low: amount, high: amount, open: amount, close: amount, volume: amount }),
  ),
})

function requestCandles(
  listing: Listing,
  interval: Interval,
  { from, to }: CandleRange,
): Request<readonly CandleReading[]> {
  const query = `start=${from / 1000}&end=${to / 1000 - 1}&granularity=${GRANULARITIES[interval]}`
  return {
    host: 'rest',
    path: `/products/${encodeURIComponent(listing.spelling)}/candles?${query}`,
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        shape: candlesBody,
        refusal,
        take: (body) =>
          body.candles
            .map(({ start, open, high, low, close, volume }) => ({
              openTime: Number(start) * 1000,
              open,
              high,
              low,
              close,
              volume,
            }))
            .filter(({ openTime }) => openTime >= from && openTime < to)
            .toSorted((a, b) => a.openTime - b.openTime),
      }),
  }
}

/** `{"pricebook":{"product_id":"BTC-USD","bids":[{"price":"68923.66","size":"0.17189468"}],"asks":[],"time":"2026-04-07T00:28:59.662782Z"}}` */
const bookLevel = z
  .object({ price: amount, size: amount })
  .transform(({ price, size }) => [price, size] as const)
const bookBody = z.object({
  pricebook: z.object({ bids: z.array(bookLevel), asks: z.array(bookLevel), time: z.string().optional() }),
})

export function depth(listing: Listing): ReturnType<VenueSource['depth']> {
  return {
    host: 'rest',
    path: `/product_book?product_id=${encodeURIComponent(listing.spelling)}&limit=1000`,
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        shape: bookBody,
        refusal,
        take: ({ pricebook: { bids, asks, time } }) => ({
          kind: 'bookSnapshot' as const,
          spelling: listing.spelling,
          bids,
          asks,
          sequence: null,
          checksum: null,
          observedAt: time === undefined ? null : instantOf(time),
        }),
      }),
  }
}

/** `{"trades":[{"trade_id":"995098663","price":"68923.67","size":"0.00064","time":"2026-04-07T00:28:58.544778Z","side":"SELL"}]}`, newest first. */
const tradesBody = z.object({
  trades: z.array(
    z.object({
      trade_id: z.string().min(1),
      price: amount,
      size: amount,
      time: z.string().refine((text) => instantOf(text) !== null, 'not an instant'),
      side: z.enum(['BUY', 'SELL']),
    }),
  ),
})

export function recentTrades(listing: Listing): ReturnType<VenueSource['recentTrades']> {
  return {
    host: 'rest',
    path: `/products/${encodeURIComponent(listing.spelling)}/ticker?limit=500`,
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        shape: tradesBody,
        refusal,
        take: (body) =>
          body.trades
            .map((row) => ({
              kind: 'trade' as const,
              spelling: listing.spelling,
              id: row.trade_id,
              price: row.price,
              size: row.size,
              // The maker's side, as on the stream.
              takerSide: row.side === 'SELL' ? ('BUY' as const) : ('SELL' as const),
              executedAt: Date.parse(row.time),
              isBackfill: true,
            }))
            .toReversed(),
      }),
  }
}
