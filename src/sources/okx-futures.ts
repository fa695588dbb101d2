/**
 * OKX's tether-settled linear swaps over REST: which there are, what they fund and how much is open. Hides sizes
 * in contracts, settlements whose distance is the interval, and prices that stand in tables of their own.
 *
 * https://www.okx.com/docs-v5/en/#public-data-rest-api-get-funding-rate
 */
import { z } from 'zod'
import { multiply } from '../domain/decimal.ts'
import { isSymbol } from '../domain/market.ts'
import type { Perpetual } from '../domain/market.ts'
import { amount, isAmount, signed, wholeText } from '../wire/json.ts'
import { rowsOf } from '../wire/reply.ts'
import type { Request } from '../wire/request.ts'
import { readData } from './okx-rest.ts'
import type { DerivativesSource, FundingReading } from './source.ts'

export const derivatives: DerivativesSource = { id: 'OKX', perpetuals, funding, openInterest }

/** `{"instId":"BTC-USDT-SWAP","ctType":"linear","ctVal":"0.01","ctMult":"1","ctValCcy":"BTC","settleCcy":"USDT","state":"live"}` */
const swap = z.object({
  instId: z.string(),
  ctType: z.string(),
  ctVal: amount,
  ctMult: amount,
  ctValCcy: z.string(),
  settleCcy: z.string(),
  state: z.string(),
})

function perpetuals(): Request<readonly Perpetual[]> {
  return {
    host: 'rest',
    path: '/api/v5/public/instruments?instType=SWAP',
    weight: 1,
    read: (reply) =>
      readData(reply, rowsOf(swap), (rows) =>
        rows
          .filter((row) => row.ctType === 'linear' && row.settleCcy === 'USDT' && row.state === 'live')
          .flatMap((row) =>
            // The tether swap is what follows BASE-USD as well: the coin-margined one is another instrument.
            ['USDT', 'USD'].map((quote) => ({
              venue: 'OKX' as const,
              symbol: `${row.ctValCcy}-${quote}`,
              instrument: row.instId,
              contractSize: multiply(row.ctVal, row.ctMult),
              isInverse: false,
            })),
          )
          .filter(({ symbol }) => isSymbol(symbol)),
      ),
  }
}

/** `{"instId":"BTC-USDT-SWAP","fundingRate":"0.0001","fundingTime":"1744590349506","nextFundingTime":"1744619149506","ts":"1744590349506"}` */
const fundingRow = z.object({
  instId: z.string(),
  fundingRate: signed,
  fundingTime: wholeText,
  nextFundingTime: z.string(),
  ts: wholeText,
})

/** Beyond this many, one question for all of them is the cheaper. */
const ASKED_ONE_BY_ONE = 5
const DEFAULT_INTERVAL_HOURS = 8
const HOUR_MS = 3_600_000

function funding(perpetuals: readonly Perpetual[]): ReturnType<DerivativesSource['funding']> {
  const instruments = [...new Set(perpetuals.map(({ instrument }) => instrument))]
  if (instruments.length === 0) return { requests: [] }
  const asked = instruments.length > ASKED_ONE_BY_ONE ? ['ANY'] : instruments
  return {
    requests: asked.map((instId) => ({
      host: 'rest',
      path: `/api/v5/public/funding-rate?instId=${encodeURIComponent(instId)}`,
      weight: 2,
      read: (reply) =>
        readData(reply, rowsOf(fundingRow), (rows) =>
          perpetuals.flatMap((perpetual) => fundingOf(perpetual, rows)),
        ),
    })),
    marks: marks(),
    indices: indices(),
  }
}

function fundingOf(
  { symbol, instrument }: Perpetual,
  rows: readonly z.output<typeof fundingRow>[],
): readonly FundingReading[] {
  const row = rows.find(({ instId }) => instId === instrument)
  if (row === undefined) return []
  const hours = (Number(row.nextFundingTime) - Number(row.fundingTime)) / HOUR_MS
  return [
    {
      symbol,
      instrument,
      // Settled at `fundingTime`, the coming settlement; `nextFundingTime` is the one after.
      rate: row.fundingRate,
      intervalHours: row.nextFundingTime !== '' && hours > 0 ? hours : DEFAULT_INTERVAL_HOURS,
      nextFundingAt: Number(row.fundingTime),
      markPrice: null,
      indexPrice: null,
      observedAt: Number(row.ts),
    },
  ]
}

/** `{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"68900.1","ts":"1744590349506"}` */
const markRow = z.object({ instId: z.string(), markPx: amount })

function marks(): Request<ReadonlyMap<string, string>> {
  return {
    host: 'rest',
    path: '/api/v5/public/mark-price?instType=SWAP',
    weight: 2,
    read: (reply) =>
      readData(reply, rowsOf(markRow), (rows) => new Map(rows.map((row) => [row.instId, row.markPx]))),
  }
}

/** `{"instId":"BTC-USDT","idxPx":"68895.2","ts":"1744590349506"}`: the spot pair the swap of its name follows. */
const indexRow = z.object({ instId: z.string(), idxPx: amount })

function indices(): Request<ReadonlyMap<string, string>> {
  return {
    host: 'rest',
    path: '/api/v5/market/index-tickers?quoteCcy=USDT',
    weight: 2,
    read: (reply) =>
      readData(
        reply,
        rowsOf(indexRow),
        (rows) => new Map(rows.map((row) => [`${row.instId}-SWAP`, row.idxPx])),
      ),
  }
}

/** `{"instId":"BTC-USDT-SWAP","oi":"2216113","oiCcy":"22161.13","ts":"1743041250440"}`: contracts, and the base units they stand for. */
const interestRow = z.object({ instId: z.string(), oi: amount, oiCcy: z.string().optional(), ts: wholeText })

function openInterest(perpetuals: readonly Perpetual[]): ReturnType<DerivativesSource['openInterest']> {
  if (perpetuals.length === 0) return []
  return [
    {
      host: 'rest',
      path: '/api/v5/public/open-interest?instType=SWAP',
      weight: 1,
      read: (reply) =>
        readData(reply, rowsOf(interestRow), (rows) =>
          perpetuals.flatMap(({ symbol, instrument, contractSize }) =>
            rows
              .filter(({ instId }) => instId === instrument)
              .map((row) => ({
                symbol,
                instrument,
                value: isAmount(row.oiCcy) ? row.oiCcy : multiply(row.oi, contractSize),
                observedAt: Number(row.ts),
              })),
          ),
        ),
    },
  ]
}
