/**
 * One venue's REST candles, kept in aligned chunks: a chunk whose last candle has closed is fetched once and
 * kept until retention, the present one until its open candle closes. What is missing is fetched in as few
 * requests as the venue's own limit allows, a few at a time, and once for all processes on the store.
 */
import type { Instant } from '../../domain/attribution.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { Interval } from '../../domain/market.ts'
import type { CandleReading } from '../../sources/source.ts'
import type { Entry, EntryWrite } from '../../store/store.ts'
import { reading, unreadable } from '../../wire/request.ts'
import type { Failure, Reading } from '../../wire/request.ts'
import { inTurns } from './cached.ts'
import { candlesOf, chunkEnd, chunkKey, chunkOf, chunkStarts, closedOf, grouped } from './chunks.ts'
import type { Chunk, Span } from './chunks.ts'
import type { WarmParts } from './parts.ts'

export type { Span } from './chunks.ts'

export interface SpanCandles {
  /** Oldest first; may reach further back than `from`. */
  readonly candles: readonly CandleReading[]
  readonly receivedAt: Instant
  /** Set when the venue failed for a part of it; what is held of that part is given all the same. */
  readonly failure: Failure | null
  /** True when nobody had to be asked. */
  readonly isHeld: boolean
  /** Candles that close before this will not change any more. */
  readonly settledUntil: Instant
}

export interface Candles {
  /** One look at the store for all spans together. */
  load(spans: readonly Span[], signal?: AbortSignal): Promise<readonly SpanCandles[]>
}

type Held = Entry<Chunk>

const AT_A_TIME = 4
/** Venues need a moment to finish a candle after its end. */
const SETTLE_MS = 2_000
/** Beyond this many requests a query waits its turn in the budget like a background refresh. */
const PATIENT_FROM = 3

export function createCandles(parts: WarmParts): Candles {
  const { config, clock, store, cached } = parts
  const keepMs = config.snapshots.retentionMs

  const isUsable = (entry: Held, start: Instant, span: Span, now: Instant): boolean => {
    const ms = INTERVAL_MS[span.interval]
    const { receivedAt } = entry.data
    if (receivedAt >= chunkEnd(span, start) + SETTLE_MS) return true
    const closedAt = Math.floor(now / ms) * ms
    if (span.isClosedOnly && receivedAt >= closedAt + Math.min(SETTLE_MS, now % ms)) return true
    return entry.expiresAt > now
  }

  const writeOf = (
    span: Span,
    start: Instant,
    rows: readonly CandleReading[],
    receivedAt: Instant,
  ): EntryWrite => {
    const isFinal = receivedAt >= chunkEnd(span, start) + SETTLE_MS
    const expiresAt = isFinal ? receivedAt + keepMs : openUntil(span.interval, receivedAt)
    const data = chunkOf(span, start, rows, receivedAt)
    return { key: chunkKey(span, start), entry: { data, cachedAt: receivedAt, expiresAt }, keepMs }
  }

  const heldOf = async (span: Span, starts: readonly Instant[]): Promise<readonly Held[] | null> => {
    const entries = (await store.getMany(starts.map((start) => chunkKey(span, start)))) as (Held | null)[]
    const now = clock.now()
    const usable = entries.flatMap((entry, at) =>
      entry !== null && isUsable(entry, starts[at] ?? 0, span, now) ? [entry] : [],
    )
    return usable.length === starts.length ? usable : null
  }

  const fetchChunks = async (
    span: Span,
    starts: readonly Instant[],
    how: { readonly priority: 'user' | 'background'; readonly signal: AbortSignal },
  ): Promise<Reading<readonly Held[]>> => {
    const transport = parts.transports[span.venue]
    if (transport === undefined) return unreadable('UNAVAILABLE', `${span.venue} is switched off`)
    const { candles } = parts.venues[span.venue]
    const ms = INTERVAL_MS[span.interval]
    const now = clock.now()
    const from = starts[0] ?? span.from
    const to = Math.min(chunkEnd(span, starts.at(-1) ?? from), Math.floor(now / ms) * ms + ms)
    const answer = await transport.send(candles.request(span.listing, span.interval, { from, to, now }), how)
    if (!answer.ok) return answer
    const receivedAt = clock.now()
    const writes = starts.map((start) => writeOf(span, start, answer.value, receivedAt))
    await store.setMany(writes)
    return reading(writes.map(({ entry }) => entry as Held))
  }

  /** One request for neighbouring chunks. */
  const group = (
    span: Span,
    starts: readonly Instant[],
    priority: 'user' | 'background',
    asker: AbortSignal | undefined,
  ): Promise<Reading<readonly Held[]>> => {
    const key = `${chunkKey(span, starts[0] ?? span.from)}:${starts.length}`
    const make = (signal: AbortSignal) => fetchChunks(span, starts, { priority, signal })
    return cached.leased({ key, look: () => heldOf(span, starts), make }, asker)
  }

  const complete = async (
    span: Span,
    starts: readonly Instant[],
    held: readonly (Held | null)[],
    asker: AbortSignal | undefined,
  ): Promise<SpanCandles> => {
    const now = clock.now()
    const chunks = held.map((entry) => entry?.data ?? null)
    const isMissing = held.map((entry, at) => entry === null || !isUsable(entry, starts[at] ?? 0, span, now))
    const missing = starts.filter((_, at) => isMissing[at])
    const groups = grouped(missing, span, parts.venues[span.venue].candles.maxPerRequest)
    const priority = groups.length >= PATIENT_FROM ? 'background' : 'user'
    let failure: Failure | null = null
    let failedFrom = Number.POSITIVE_INFINITY
    await inTurns(groups, AT_A_TIME, async (each) => {
      const answer = await group(span, each, priority, asker)
      if (!answer.ok) {
        failure = answer.failure
        failedFrom = Math.min(failedFrom, each[0] ?? failedFrom)
      }
      for (const [place, start] of each.entries()) {
        const at = starts.indexOf(start)
        const old = chunks[at] ?? null
        chunks[at] = answer.ok
          ? (answer.value[place]?.data ?? null)
          : old === null
            ? null
            : closedOf(old, span.interval)
      }
    })
    const settled = chunks.map((chunk, at) =>
      chunk === null || chunk.receivedAt >= chunkEnd(span, starts[at] ?? 0) + SETTLE_MS
        ? failedFrom
        : chunk.receivedAt - SETTLE_MS,
    )
    const settledUntil = Math.min(failedFrom, ...settled)
    return joined(chunks, { failure, isHeld: groups.length === 0, settledUntil, now })
  }

  return {
    async load(spans, asker) {
      const starts = spans.map(chunkStarts)
      const keys = spans.flatMap((span, index) => (starts[index] ?? []).map((start) => chunkKey(span, start)))
      const entries = (await store.getMany(keys)) as readonly (Held | null)[]
      let at = 0
      const slices = starts.map((each) => entries.slice(at, (at += each.length)))
      return inTurns(
        spans.map((span, index) => ({ span, index })),
        AT_A_TIME * 4,
        ({ span, index }) => complete(span, starts[index] ?? [], slices[index] ?? [], asker),
      )
    },
  }
}

/** Until when a range that ends in an open candle may be served again: it closes, or the one before is settled. */
export function openUntil(interval: Interval, now: Instant): Instant {
  const ms = INTERVAL_MS[interval]
  const openedAt = Math.floor(now / ms) * ms
  return now < openedAt + SETTLE_MS ? openedAt + SETTLE_MS : openedAt + ms
}

function joined(
  chunks: readonly (Chunk | null)[],
  { now, ...facts }: Omit<SpanCandles, 'candles' | 'receivedAt'> & { readonly now: Instant },
): SpanCandles {
  const held = chunks.filter((chunk) => chunk !== null)
  // As fresh as its newest part: older parts are closed and do not age.
  const receivedAt = held.reduce((latest, chunk) => Math.max(latest, chunk.receivedAt), 0) || now
  return { candles: candlesOf(held), receivedAt, ...facts }
}
