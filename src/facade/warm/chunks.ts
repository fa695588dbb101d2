/**
 * Candles in aligned chunks, as they are kept. Hides where a chunk begins, which neighbours one request can
 * fetch, and what of an old chunk may still be shown.
 */
import type { Instant } from '../../domain/attribution.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { Interval, Listing, Venue } from '../../domain/market.ts'
import type { CandleReading } from '../../sources/source.ts'

export interface Span {
  readonly venue: Venue
  readonly listing: Listing
  readonly interval: Interval
  /** Half-open, aligned to the interval. */
  readonly from: Instant
  readonly to: Instant
  /** Only closed candles matter: the present chunk is good until the next one closes. */
  readonly isClosedOnly: boolean
}

export interface Chunk {
  readonly receivedAt: Instant
  readonly rows: readonly (readonly [
    openTime: Instant,
    open: string,
    high: string,
    low: string,
    close: string,
    volume: string | null,
  ])[]
}

/** Candles in one. */
const CHUNK = 100

export const chunkKey = ({ venue, listing, interval }: Span, start: Instant): string =>
  `candles:${venue}:${listing.symbol}:${interval}:${start}`

export const chunkEnd = ({ interval }: Span, start: Instant): Instant => start + CHUNK * INTERVAL_MS[interval]

export function chunkStarts({ interval, from, to }: Span): readonly Instant[] {
  const width = CHUNK * INTERVAL_MS[interval]
  const first = Math.floor(from / width) * width
  return Array.from(
    { length: Math.max(0, Math.ceil((to - first) / width)) },
    (_, index) => first + index * width,
  )
}

/** Neighbours together, as many as one request of `most` candles can fetch. */
export function grouped(
  starts: readonly Instant[],
  span: Span,
  most: number,
): readonly (readonly Instant[])[] {
  const perRequest = Math.max(1, Math.floor(most / CHUNK))
  const groups: Instant[][] = []
  for (const start of starts) {
    const last = groups.at(-1)
    const end = last?.at(-1)
    const isNext = end !== undefined && chunkEnd(span, end) === start
    if (last !== undefined && last.length < perRequest && isNext) last.push(start)
    else groups.push([start])
  }
  return groups
}

export function chunkOf(
  span: Span,
  start: Instant,
  candles: readonly CandleReading[],
  receivedAt: Instant,
): Chunk {
  const end = chunkEnd(span, start)
  const rows = candles
    .filter(({ openTime }) => openTime >= start && openTime < end)
    .map(
      ({ openTime, open, high, low, close, volume }) => [openTime, open, high, low, close, volume] as const,
    )
  return { receivedAt, rows }
}

/** A chunk held from before stands in for a venue that fails, but never with a candle that was still open. */
export function closedOf(chunk: Chunk, interval: Interval): Chunk {
  const ms = INTERVAL_MS[interval]
  return { ...chunk, rows: chunk.rows.filter(([openTime]) => openTime + ms <= chunk.receivedAt) }
}

export const candlesOf = (chunks: readonly Chunk[]): readonly CandleReading[] =>
  chunks.flatMap(({ rows }) =>
    rows.map(([openTime, open, high, low, close, volume]) => ({ openTime, open, high, low, close, volume })),
  )
