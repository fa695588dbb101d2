/**
 * Kraken's perpetuals over REST, one table for everything. Hides a rate in dollars (or in coins), hourly
 * settlement, contracts counted in dollars, and bare numbers with exponents.
 *
 * https://docs.kraken.com/api/docs/futures-api/trading/get-tickers
 */
import { z } from 'zod'
import { divide, multiply } from '../domain/decimal.ts'
import { isSymbol } from '../domain/market.ts'
import type { Perpetual } from '../domain/market.ts'
import { instantOf, isObject, parseKeepingDigits, plainDigits, positiveDigits } from '../wire/json.ts'
import { readReply, rowsOf } from '../wire/reply.ts'
import type { Failure, Request } from '../wire/request.ts'
import { lettersOf } from './kraken-rest.ts'
import type { DerivativesSource, FundingReading } from './source.ts'

export const derivatives: DerivativesSource = { id: 'KRAKEN', perpetuals, funding, openInterest }

/** `{"result":"error","error":"apiLimitExceeded","serverTime":"2025-11-17T00:34:37.524Z"}` */
function futuresRefusal(body: unknown): Failure | null {
  if (!isObject(body) || body['result'] !== 'error') return null
  const message = String(body['error']).slice(0, 200)
  return { reason: message === 'apiLimitExceeded' ? 'RATE_LIMITED' : 'UNAVAILABLE', message }
}

/** `{"symbol":"PF_XBTUSD","tag":"perpetual","pair":"XBT:USD","markPrice":91506.6,"openInterest":2127.5,"fundingRate":1.5e-05,"indexPrice":91468.38,"suspended":false}` */
const contract = z.object({
  symbol: z.string(),
  tag: z.literal('perpetual'),
  pair: z.string(),
  markPrice: z.string().optional(),
  indexPrice: z.string().optional(),
  openInterest: z.string().optional(),
  fundingRate: z.string().optional(),
  relativeFundingRate: z.string().optional(),
})
type Contract = z.output<typeof contract>

const NUMBERS = ['markPrice', 'indexPrice', 'openInterest', 'fundingRate', 'relativeFundingRate'] as const
const contracts = z.object({
  serverTime: z.string().refine((text) => instantOf(text) !== null, 'not an instant'),
  // Dated contracts and indices stand in the same list.
  tickers: rowsOf(contract),
})

/** `PF_` is linear, quoted and counted like spot. Its elder, the inverse `PI_`, counts dollars. */
const PERPETUAL = /^P[FI]_/i
const INVERSE = /^PI_/i

function tickers<T>(take: (rows: readonly Contract[], at: number) => T): Request<T> {
  return {
    host: 'futures',
    path: '/tickers',
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        parse: (text) => parseKeepingDigits(text, NUMBERS),
        shape: contracts,
        refusal: futuresRefusal,
        take: (body) =>
          take(
            body.tickers.filter(({ symbol }) => PERPETUAL.test(symbol)),
            Date.parse(body.serverTime),
          ),
      }),
  }
}

function perpetuals(): Request<readonly Perpetual[]> {
  return tickers((rows) =>
    rows
      .map((row) => ({
        venue: 'KRAKEN' as const,
        symbol: row.pair.split(':').map(lettersOf).join('-'),
        instrument: row.symbol,
        contractSize: '1',
        isInverse: INVERSE.test(row.symbol),
      }))
      .filter(({ symbol }) => isSymbol(symbol)),
  )
}

const HOUR_MS = 3_600_000
/** Enough for a rate of 1e-9 to keep its digits, and for dollars turned into coins. */
const DIGITS = 18

function funding(perpetuals: readonly Perpetual[]): ReturnType<DerivativesSource['funding']> {
  if (perpetuals.length === 0) return { requests: [] }
  return {
    requests: [
      tickers((rows, at) =>
        perpetuals.flatMap(({ symbol, instrument }) => {
          const row = rows.find((candidate) => candidate.symbol === instrument)
          const rate = row === undefined ? null : relativeRate(row)
          if (row === undefined || rate === null) return []
          return [fundingOf({ symbol, instrument, rate, row, at })]
        }),
      ),
    ],
  }
}

function fundingOf(found: {
  readonly symbol: string
  readonly instrument: string
  readonly rate: string
  readonly row: Contract
  readonly at: number
}): FundingReading {
  const { symbol, instrument, rate, row, at } = found
  return {
    symbol,
    instrument,
    rate,
    // Settled every hour, on the hour.
    intervalHours: 1,
    nextFundingAt: (Math.floor(at / HOUR_MS) + 1) * HOUR_MS,
    markPrice: positiveDigits(row.markPrice),
    indexPrice: positiveDigits(row.indexPrice),
    observedAt: at,
  }
}

/**
 * `fundingRate` is dollars for one coin and hour, of an inverse contract coins for one dollar and hour; as a
 * fraction it is what others call a rate.
 */
function relativeRate(row: Contract): string | null {
  const relative = plainDigits(row.relativeFundingRate)
  if (relative !== null) return relative
  const [absolute, mark] = [plainDigits(row.fundingRate), positiveDigits(row.markPrice)]
  if (absolute === null || mark === null) return null
  return INVERSE.test(row.symbol) ? multiply(absolute, mark) : divide(absolute, mark, { digits: DIGITS })
}

function openInterest(perpetuals: readonly Perpetual[]): ReturnType<DerivativesSource['openInterest']> {
  if (perpetuals.length === 0) return []
  return [
    tickers((rows, at) =>
      perpetuals.flatMap(({ symbol, instrument }) => {
        const row = rows.find((candidate) => candidate.symbol === instrument)
        const value = row === undefined ? null : coinsOf(row)
        return value === null ? [] : [{ symbol, instrument, value, observedAt: at }]
      }),
    ),
  ]
}

function coinsOf(row: Contract): string | null {
  const [counted, mark] = [plainDigits(row.openInterest), positiveDigits(row.markPrice)]
  if (counted === null || !INVERSE.test(row.symbol)) return counted
  return mark === null ? null : divide(counted, mark, { digits: 8 })
}
