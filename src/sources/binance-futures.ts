/**
 * Binance's USD-margined perpetuals over REST: which there are, what they fund and how much is open. Hides the
 * interval table and that an estimate is called the last rate.
 *
 * https://developers.binance.com/docs/derivatives/usds-margined-futures
 */
import { z } from 'zod'
import { isSymbol } from '../domain/market.ts'
import type { Perpetual } from '../domain/market.ts'
import { amount, isPositive, signed, whole } from '../wire/json.ts'
import { readReply, rowsOf } from '../wire/reply.ts'
import type { Request } from '../wire/request.ts'
import { refusal } from './binance-rest.ts'
import type { DerivativesSource, FundingReading } from './source.ts'

export const derivatives: DerivativesSource = { id: 'BINANCE', perpetuals, funding, openInterest }

/** `{"symbols":[{"symbol":"BTCUSDT","contractType":"PERPETUAL","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT"}]}` */
const contractInfo = z.object({
  symbols: rowsOf(
    z.object({
      symbol: z.string(),
      contractType: z.string(),
      status: z.string(),
      baseAsset: z.string(),
      quoteAsset: z.string(),
    }),
  ),
})

function perpetuals(): Request<readonly Perpetual[]> {
  return {
    host: 'futures',
    path: '/fapi/v1/exchangeInfo',
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        shape: contractInfo,
        refusal,
        take: ({ symbols }) =>
          symbols
            .filter(
              (row) =>
                row.contractType === 'PERPETUAL' && row.status === 'TRADING' && row.quoteAsset === 'USDT',
            )
            .flatMap((row) =>
              // Nobody lists a dollar-settled one here: the tether contract is what follows BASE-USD too.
              ['USDT', 'USD'].map((quote) => ({
                venue: 'BINANCE' as const,
                symbol: `${row.baseAsset}-${quote}`,
                instrument: row.symbol,
                contractSize: '1',
                isInverse: false,
              })),
            )
            .filter(({ symbol }) => isSymbol(symbol)),
      }),
  }
}

/** `{"symbol":"BTCUSDT","markPrice":"26780.82","indexPrice":"26798.25","lastFundingRate":"0.00001226","nextFundingTime":1687248000000,"time":1687244112000}` */
const premium = z.object({
  symbol: z.string(),
  markPrice: z.string(),
  indexPrice: z.string(),
  lastFundingRate: signed,
  nextFundingTime: whole,
  time: whole,
})
/** One symbol is answered by an object, all by a list. */
const premiums = z.union([premium.transform((row) => [row]), rowsOf(premium)])

const DEFAULT_INTERVAL_HOURS = 8

function funding(perpetuals: readonly Perpetual[]): ReturnType<DerivativesSource['funding']> {
  const instruments = new Set(perpetuals.map(({ instrument }) => instrument))
  if (instruments.size === 0) return { requests: [] }
  const [only] = instruments
  const query = instruments.size === 1 ? `?symbol=${encodeURIComponent(only ?? '')}` : ''
  return {
    requests: [
      {
        host: 'futures',
        path: `/fapi/v1/premiumIndex${query}`,
        weight: instruments.size === 1 ? 1 : 10,
        read: (reply) =>
          readReply(reply, {
            shape: premiums,
            refusal,
            take: (rows) => perpetuals.flatMap((perpetual) => fundingOf(perpetual, rows)),
          }),
      },
    ],
    intervals: intervals(),
  }
}

function fundingOf(
  { symbol, instrument }: Perpetual,
  rows: readonly z.output<typeof premium>[],
): readonly FundingReading[] {
  const row = rows.find((candidate) => candidate.symbol === instrument)
  if (row === undefined) return []
  return [
    {
      symbol,
      instrument,
      // Despite its name the running estimate of what is settled at `nextFundingTime`.
      rate: row.lastFundingRate,
      intervalHours: DEFAULT_INTERVAL_HOURS,
      nextFundingAt: row.nextFundingTime === 0 ? null : row.nextFundingTime,
      markPrice: isPositive(row.markPrice) ? row.markPrice : null,
      indexPrice: isPositive(row.indexPrice) ? row.indexPrice : null,
      observedAt: row.time,
    },
  ]
}

/** `[{"symbol":"LPTUSDT","fundingIntervalHours":4}]`: only those that were ever adjusted. */
const adjusted = rowsOf(z.object({ symbol: z.string(), fundingIntervalHours: z.int().positive() }))

function intervals(): Request<ReadonlyMap<string, number>> {
  return {
    host: 'futures',
    path: '/fapi/v1/fundingInfo',
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        shape: adjusted,
        refusal,
        take: (rows) => new Map(rows.map((row) => [row.symbol, row.fundingIntervalHours])),
      }),
  }
}

/** `{"openInterest":"83782.317","symbol":"BTCUSDT","time":1702244985273}`, counted in coins. */
const interest = z.object({ openInterest: amount, symbol: z.string(), time: whole })

function openInterest(perpetuals: readonly Perpetual[]): ReturnType<DerivativesSource['openInterest']> {
  const instruments = [...new Set(perpetuals.map(({ instrument }) => instrument))]
  return instruments.map((instrument) => ({
    host: 'futures',
    path: `/fapi/v1/openInterest?symbol=${encodeURIComponent(instrument)}`,
    weight: 1,
    read: (reply) =>
      readReply(reply, {
        shape: interest,
        refusal,
        take: (row) =>
          perpetuals
            .filter((perpetual) => perpetual.instrument === instrument)
            .map(({ symbol }) => ({
              symbol,
              instrument,
              value: row.openInterest,
              observedAt: row.time,
            })),
      }),
  }))
}
