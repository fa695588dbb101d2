/**
 * One venue's REST candles, kept in aligned chunks: a chunk whose last candle has closed is fetched once and
 * kept until retention, the present one until its open candle moves on. What is missing is fetched in as few
 * requests as the venue's own limit allows, a few at a time.
 */
import type { Instant } from '../../domain/attribution.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { Interval, Listing, Venue } from '../../domain/market.ts'
import type { CandleReading } from '../../sources/source.ts'
import type { Entry, EntryWrite } from '../../store/store.ts'
import { reading, unreadable } from '../../wire/request.ts'
import type { Failure, Reading } from '../../wire/request.ts'
import { inTurns } from './cached.ts'
import type { WarmParts } from './parts.ts'

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

export interface SpanCandles {
  /** Oldest first; may reach further back than `from`. */
  readonly candles: readonly CandleReading[]
  readonly receivedAt: Instant
  /** Set when the venue failed for a part of it; what is held of that part is given all the same. */
  readonly failure: Failure | null
  readonly isFromCache: boolean
}

export interface Candles {
  /** One look at the store for all spans together. */
  load(spans: readonly Span[]): Promise<readonly SpanCandles[]>
  /** Until when the open candle of this interval may be served again. */
  openUntil(interval: Interval, now: Instant): Instant
}

interface Chunk {
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

const CHUNK = 100
const AT_A_TIME = 4
/** Venues need a moment to finish a candle after its end. */
const SETTLE_MS = 2_000
/** Beyond this many requests a query waits its turn in the budget like a background refresh. */
const PATIENT_FROM = 3

export function createCandles(parts: WarmParts): Candles {
  const { config, clock, store, cached } = parts

  const openUntil = (interval: Interval, now: Instant): Instant => {
    const ms = INTERVAL_MS[interval]
    return Math.min(Math.floor(now / ms) * ms + ms, now + config.ttlSeconds.prices_warm * 1000)
  }

  const isUsable = (entry: Entry<Chunk>, start: Instant, span: Span, now: Instant): boolean => {
    const ms = INTERVAL_MS[span.interval]
    const { receivedAt } = entry.data
    if (receivedAt >= start + CHUNK * ms + SETTLE_MS) return true
    if (span.isClosedOnly && receivedAt >= Math.floor(now / ms) * ms + Math.min(SETTLE_MS, now % ms))
      return true
    return entry.expiresAt > now
  }

  const writesOf = (
    span: Span,
    starts: readonly Instant[],
    rows: readonly CandleReading[],
    receivedAt: Instant,
  ): readonly EntryWrite[] =>
    starts.map((start) => {
      const end = start + CHUNK * INTERVAL_MS[span.interval]
      const isFinal = receivedAt >= end + SETTLE_MS
      const data: Chunk = {
        receivedAt,
        rows: rows
          .filter(({ openTime }) => openTime >= start && openTime < end)
          .map(({ openTime, open, high, low, close, volume }) => [openTime, open, high, low, close, volume]),
      }
      const keepMs = config.snapshots.retentionMs
      const expiresAt = isFinal ? receivedAt + keepMs : openUntil(span.interval, receivedAt)
      return { key: keyOf(span, start), entry: { data, cachedAt: receivedAt, expiresAt }, keepMs }
    })

  /** One request for neighbouring chunks. */
  const fetchChunks = (
    span: Span,
    starts: readonly Instant[],
    priority: 'user' | 'background',
  ): Promise<Reading<readonly EntryWrite[]>> => {
    const ms = INTERVAL_MS[span.interval]
    const from = starts[0] ?? span.from
    const last = starts.at(-1) ?? span.from
    return cached.once(`${keyOf(span, from)}:${last}`, async () => {
      const transport = parts.transports[span.venue]
      if (transport === undefined) return unreadable('UNAVAILABLE', `${span.venue} is switched off`)
      const now = clock.now()
      const to = Math.min(last + CHUNK * ms, Math.floor(now / ms) * ms + ms)
      const { candles } = parts.venues[span.venue]
      const asked = candles.request(span.listing, span.interval, { from, to, now })
      const answer = await transport.send(asked, { priority })
      if (!answer.ok) return answer
      const writes = writesOf(span, starts, answer.value, clock.now())
      await store.setMany(writes)
      return reading(writes)
    })
  }

  const complete = async (
    span: Span,
    starts: readonly Instant[],
    held: readonly (Entry<Chunk> | null)[],
    now: Instant,
  ): Promise<SpanCandles> => {
    const chunks = new Map<Instant, Chunk>()
    const missing: Instant[] = []
    for (const [index, start] of starts.entries()) {
      const entry = held[index] ?? null
      if (entry !== null) chunks.set(start, entry.data)
      if (entry === null || !isUsable(entry, start, span, now)) missing.push(start)
    }
    const groups = grouped(missing, span, parts.venues[span.venue].candles.maxPerRequest)
    const priority = groups.length >= PATIENT_FROM ? 'background' : 'user'
    const answers = await inTurns(groups, AT_A_TIME, (group) => fetchChunks(span, group, priority))
    let failure: Failure | null = null
    for (const [index, answer] of answers.entries()) {
      for (const start of groups[index] ?? []) {
        if (answer.ok) continue
        const old = chunks.get(start)
        if (old !== undefined) chunks.set(start, closedOf(old, span.interval))
      }
      if (!answer.ok) failure = answer.failure
      else for (const { entry } of answer.value) put(chunks, entry as Entry<Chunk>, span)
    }
    return joined(chunks, failure, groups.length === 0, now)
  }

  return {
    openUntil,
    async load(spans) {
      const starts = spans.map(chunkStarts)
      const keys = spans.flatMap((span, index) => (starts[index] ?? []).map((start) => keyOf(span, start)))
      const entries = (await store.getMany(keys)) as readonly (Entry<Chunk> | null)[]
      const now = clock.now()
      let at = 0
      const slices = starts.map((each) => entries.slice(at, (at += each.length)))
      return inTurns(
        spans.map((span, index) => ({ span, index })),
        AT_A_TIME * 4,
        ({ span, index }) => complete(span, starts[index] ?? [], slices[index] ?? [], now),
      )
    },
  }
}

const keyOf = ({ venue, listing, interval }: Span, start: Instant): string =>
  `candles:${venue}:${listing.symbol}:${interval}:${start}`

function chunkStarts({ interval, from, to }: Span): readonly Instant[] {
  const width = CHUNK * INTERVAL_MS[interval]
  const first = Math.floor(from / width) * width
  return Array.from(
    { length: Math.max(0, Math.ceil((to - first) / width)) },
    (_, index) => first + index * width,
  )
}

function grouped(
  starts: readonly Instant[],
  { interval }: Span,
  most: number,
): readonly (readonly Instant[])[] {
  const width = CHUNK * INTERVAL_MS[interval]
  const perRequest = Math.max(1, Math.floor(most / CHUNK))
  const groups: Instant[][] = []
  for (const start of starts) {
    const last = groups.at(-1)
    if (last !== undefined && last.length < perRequest && last.at(-1) === start - width) last.push(start)
    else groups.push([start])
  }
  return groups
}

/** A chunk held from before stands in for a venue that fails, but never with a candle that was still open. */
function closedOf(chunk: Chunk, interval: Interval): Chunk {
  const ms = INTERVAL_MS[interval]
  return { ...chunk, rows: chunk.rows.filter(([openTime]) => openTime + ms <= chunk.receivedAt) }
}

function put(chunks: Map<Instant, Chunk>, { data }: Entry<Chunk>, { interval }: Span): void {
  const width = CHUNK * INTERVAL_MS[interval]
  const first = data.rows[0]?.[0]
  if (first !== undefined) chunks.set(Math.floor(first / width) * width, data)
}

function joined(
  chunks: ReadonlyMap<Instant, Chunk>,
  failure: Failure | null,
  isFromCache: boolean,
  now: Instant,
): SpanCandles {
  const inOrder = [...chunks].sort(([a], [b]) => a - b).map(([, chunk]) => chunk)
  const candles = inOrder.flatMap(({ rows }) =>
    rows.map(([openTime, open, high, low, close, volume]) => ({ openTime, open, high, low, close, volume })),
  )
  // As fresh as its newest part: older parts are closed and do not age.
  const receivedAt = inOrder.reduce((latest, chunk) => Math.max(latest, chunk.receivedAt), 0) || now
  return { candles, receivedAt, failure, isFromCache }
}
