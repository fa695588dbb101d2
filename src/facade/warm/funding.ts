/**
 * What holding a perpetual costs, as the venue publishes it. Hides that some venues keep intervals, mark and
 * index prices in tables of their own, which are joined to the rates here.
 */
import type { Funding } from '../../domain/answer.ts'
import type { DerivativesVenue } from '../../domain/market.ts'
import { fundingText } from '../../domain/text.ts'
import type { FundingReading } from '../../sources/source.ts'
import { reading } from '../../wire/request.ts'
import type { Reading, Request } from '../../wire/request.ts'
import { textOf } from './decided.ts'
import { createDerivatives } from './derivatives.ts'
import type { Derivatives, Desk } from './derivatives.ts'
import { sendAll } from './pages.ts'
import type { WarmParts } from './parts.ts'

type Table<V> = ReadonlyMap<string, V>

export function createFunding(parts: WarmParts): Derivatives<Funding> {
  /** The venue's list of intervals that differ changes rarely; the last one read stands in when it cannot be. */
  const intervals = new Map<DerivativesVenue, Table<number>>()

  const fetch = async (
    { venue, source, perpetuals, transport }: Desk,
    signal: AbortSignal,
  ): Promise<Reading<readonly FundingReading[]>> => {
    const asked = source.funding(perpetuals)
    const table = async <V>(request?: Request<Table<V>>) =>
      request === undefined ? null : transport.send(request, { signal })
    const [pages, adjusted, marks, indices] = await Promise.all([
      sendAll(transport, asked.requests, signal),
      table(asked.intervals),
      table(asked.marks),
      table(asked.indices),
    ])
    if (!pages.ok) return pages
    if (adjusted?.ok) intervals.set(venue, adjusted.value)
    const hours = intervals.get(venue)
    // A rate whose interval may be another cannot be compared with anything; a missing mark price is only missing.
    if (adjusted?.ok === false && hours === undefined) return adjusted
    return reading(
      pages.value.map((row) => ({
        ...row,
        intervalHours: hours?.get(row.instrument) ?? row.intervalHours,
        markPrice: row.markPrice ?? cell(marks, row.instrument),
        indexPrice: row.indexPrice ?? cell(indices, row.instrument),
      })),
    )
  }

  return createDerivatives<FundingReading, Funding>(parts, {
    name: 'funding',
    noun: 'funding',
    ttlClass: 'funding_rates',
    fetch,
    view(row, venue, symbol, attribution) {
      const text = fundingText({ venue, instrument: row.instrument })
      return {
        ...row,
        symbol,
        venue,
        attribution: { ...attribution, text: textOf(text, attribution.cache, parts.clock.now()) },
      }
    },
  })
}

const cell = <V>(table: Reading<Table<V>> | null, instrument: string): V | null =>
  table?.ok ? (table.value.get(instrument) ?? null) : null
