/**
 * Kraken over REST: pairs, tickers, candles, depth and trades of spot markets. Hides its letters (XBT, XDG),
 * results keyed by names nobody asked for, and errors inside HTTP 200.
 *
 * https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs
 */
import { z } from 'zod'
import { mean } from '../domain/decimal.ts'
import { INTERVAL_MS, isSymbol } from '../domain/market.ts'
import type { Interval, Listing } from '../domain/market.ts'
import { amount, isAmount, isObject, isPositive, whole } from '../wire/json.ts'
import { readReply, rowsOf } from '../wire/reply.ts'
import type { Failure, Reading, Request, WireReply } from '../wire/request.ts'
import type { CandleRange, CandleReading, QuoteReading, VenueSource } from './source.ts'

/** Reads `result` of `{"error":[],"result":{…}}`. */
function readResult<S extends z.ZodType, T>(
  reply: WireReply,
  result: S,
  take: (result: z.output<S>) => T,
): Reading<T> {
  return readReply(reply, {
    shape: z.object({ result }),
    refusal,
    take: (body) => take((body as { readonly result: z.output<S> }).result),
  })
}

/** `{"error":["EQuery:Unknown asset pair"]}`, with HTTP 200. */
function refusal(body: unknown): Failure | null {
  if (!isObject(body) || !Array.isArray(body['error']) || body['error'].length === 0) return null
  const message = body['error'].map(String).join(', ').slice(0, 200)
  if (/Rate limit|Too many requests/i.test(message)) return { reason: 'RATE_LIMITED', message }
  return { reason: /Unknown asset pair/i.test(message) ? 'NOT_LISTED' : 'UNAVAILABLE', message }
}

/** The two assets whose REST letters differ from the stream's and everybody's. */
const LETTERS: Readonly<Record<string, string>> = { XBT: 'BTC', XDG: 'DOGE' }
export const lettersOf = (asset: string): string =>
  Object.hasOwn(LETTERS, asset) ? (LETTERS[asset] ?? asset) : asset

/** `{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","status":"online"}}` */
const pairs = z
  .record(z.string(), z.unknown())
  .transform((byName) => Object.values(byName))
  .pipe(
    rowsOf(z.object({ altname: z.string(), wsname: z.string().optional(), status: z.string().optional() })),
  )

export function listings(): Request<readonly Listing[]> {
  return {
    host: 'rest',
    path: '/AssetPairs',
    weight: 1,
    read: (reply) =>
      readResult(reply, pairs, (rows) =>
        rows.flatMap(({ altname, wsname, status }) => {
          // A dark pool has no name on the stream.
          const [base, quote, ...rest] = (wsname ?? '').split('/').map(lettersOf)
          const symbol = `${base ?? ''}-${quote ?? ''}`
          if (rest.length > 0 || !isSymbol(symbol) || (status ?? 'online') !== 'online') return []
          return [{ source: 'KRAKEN' as const, symbol, spelling: `${base}/${quote}`, restSpelling: altname }]
        }),
      ),
  }
}

/** `{"BTC/USD":{"a":["60520.1","4","4.000"],"b":["60520.0","23","23.000"],"c":["60520.0","0.51"],"v":["1923.4","2619.8"]}}`; index 1 of `v` is the last 24 hours, 0 is today. */
const ticker = z.object({
  a: z.tuple([z.string()], z.unknown()),
  b: z.tuple([z.string()], z.unknown()),
  c: z.tuple([z.string()], z.unknown()),
  v: z.tuple([z.string(), z.string()]),
})

export function quotes(listings: readonly Listing[]): readonly Request<readonly QuoteReading[]>[] {
  if (listings.length === 0) return []
  return [
    {
      host: 'rest',
      // Every pair in one call, under the names of the stream.
      path: '/Ticker?assetVersion=1',
      weight: 1,
      read: (reply) =>
        readResult(reply, z.record(z.string(), z.unknown()), (rows) =>
          listings.flatMap((listing) => {
            const row = ticker.safeParse(
              Object.hasOwn(rows, listing.spelling) ? rows[listing.spelling] : null,
            )
            return row.success ? [quoteOf(row.data, listing.symbol)] : []
          }),
        ),
    },
  ]
}

function quoteOf(
  { a: [ask], b: [bid], c: [last], v }: z.output<typeof ticker>,
  symbol: string,
): QuoteReading {
  return {
    symbol,
    price: isPositive(bid) && isPositive(ask) ? mean([bid, ask]) : isPositive(last) ? last : null,
    volume24h: isAmount(v[1]) ? v[1] : null,
    volumeUnit: symbol.slice(0, symbol.indexOf('-')),
    observedAt: null,
  }
}

const nameOf = (listing: Listing): string => encodeURIComponent(listing.restSpelling ?? listing.spelling)

/** `{"XXBTZUSD":…,"last":1762820100}`: the key is the venue's own, whatever was asked. */
function onlyOf<S extends z.ZodType>(shape: S) {
  return z.record(z.string(), z.unknown()).transform((result, context): z.output<S> => {
    const key = Object.keys(result).find((name) => name !== 'last')
    const checked = shape.safeParse(key === undefined ? undefined : result[key])
    if (checked.success) return checked.data
    context.addIssue(checked.error.issues[0]?.message ?? 'not of its shape')
    return z.NEVER
  })
}

export const candles: VenueSource['candles'] = {
  intervals: ['M1', 'M5', 'M15', 'M30', 'H1', 'H4', 'D1'],
  maxPerRequest: 720,
  // Whatever is asked: an older range is answered with nothing.
  reach: 720,
  request: requestCandles,
}

/** `[1762777020,"106038.2","106038.2","106038.2","106038.2","0.0","0.00000000",0]`: vwap before volume, the forming one last. */
const candleRow = z.tuple([whole, amount, amount, amount, amount, z.string(), amount], z.unknown())

function requestCandles(
  listing: Listing,
  interval: Interval,
  { from, to }: CandleRange,
): Request<readonly CandleReading[]> {
  const minutes = INTERVAL_MS[interval] / 60_000
  return {
    host: 'rest',
    // `since` itself is left out of the reply.
    path: `/OHLC?pair=${nameOf(listing)}&interval=${minutes}&since=${from / 1000 - 1}`,
    weight: 1,
    read: (reply) =>
      readResult(reply, onlyOf(z.array(candleRow)), (rows) =>
        rows
          .map(([time, open, high, low, close, , volume]) => ({
            openTime: time * 1000,
            open,
            high,
            low,
            close,
            volume,
          }))
          .filter(({ openTime }) => openTime >= from && openTime < to),
      ),
  }
}

/** `["105944.30000","0.136",1762820248]` */
const level = z.tuple([amount, amount], z.unknown()).transform(([price, size]) => [price, size] as const)
const book = z.object({ bids: z.array(level), asks: z.array(level) })

export function depth(listing: Listing): ReturnType<VenueSource['depth']> {
  return {
    host: 'rest',
    path: `/Depth?pair=${nameOf(listing)}&count=500`,
    weight: 1,
    read: (reply) =>
      readResult(reply, onlyOf(book), ({ bids, asks }) => ({
        kind: 'bookSnapshot' as const,
        spelling: listing.spelling,
        bids,
        asks,
        sequence: null,
        checksum: null,
        observedAt: null,
      })),
  }
}

/** `["105433.60000","0.00027625",1762795433.9717445,"b","l","",10218208]`: the taker's side, oldest first. */
const tradeRow = z.tuple(
  [amount, amount, z.number(), z.enum(['b', 's']), z.string(), z.string(), whole],
  z.unknown(),
)

export function recentTrades(listing: Listing): ReturnType<VenueSource['recentTrades']> {
  return {
    host: 'rest',
    path: `/Trades?pair=${nameOf(listing)}&count=1000`,
    weight: 1,
    read: (reply) =>
      readResult(reply, onlyOf(z.array(tradeRow)), (rows) =>
        rows.map(([price, size, time, side, , , id]) => ({
          kind: 'trade' as const,
          spelling: listing.spelling,
          id: String(id),
          price,
          size,
          takerSide: side === 'b' ? ('BUY' as const) : ('SELL' as const),
          executedAt: Math.floor(time * 1000),
          isBackfill: true,
        })),
      ),
  }
}
