/**
 * Candles agreed between the exchanges that list the market under its own quote: a past candle in another
 * quote is not converted, for that would take the rate of its own time. A venue without the interval is
 * named in the evidence as NOT_LISTED. Closed pages stand until retention, the newest until its candle closes.
 */
import type { KlineSeries } from '../../domain/answer.ts'
import type { AgreedKlines } from '../../domain/klines.ts'
import type { CacheStatus, DropReason, Instant } from '../../domain/attribution.ts'
import { answered, refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { INTERVAL_MS, VENUES } from '../../domain/market.ts'
import type { Interval, MarketSymbol, Source, Venue } from '../../domain/market.ts'
import { reading } from '../../wire/request.ts'
import type { KlineRequest } from '../facade.ts'
import { blockStart, createBlocks } from './blocks.ts'
import type { Block } from './blocks.ts'
import { openUntil } from './candles.ts'
import type { Candles, Span, SpanCandles } from './candles.ts'
import type { Claims } from './claims.ts'
import { leftAlone, unavailable } from './decided.ts'
import { createKlineRecords } from './kline-records.ts'
import type { KlineRecords } from './kline-records.ts'
import type { WarmParts } from './parts.ts'
import { rangeOf, subjectOf } from './ranges.ts'
import { STALE_FACTOR } from './tables.ts'
import { agreedOf, answerOf, makeSeries, pageOf, rowOf } from './series.ts'
import type { Series, SeriesInputs } from './series.ts'

export interface Klines {
  present(request: KlineRequest, signal?: AbortSignal): Promise<Outcome<KlineSeries>>
  past: KlineRecords['past']
}

interface Kept {
  readonly series: Series
  /** When its newest part reached us, and when that is past its time. */
  readonly cachedAt: Instant
  readonly expiresAt: Instant
  /** When it is made anew: sooner than it expires where somebody failed. */
  readonly renewAt: Instant
  /** HIT: made of what the store held, without asking. STALE: every venue failed. */
  readonly status: CacheStatus
}

/** Candles held ready in agreed form, evidence included. */
const KEPT_CANDLES = 20_000
/** With a venue missing; with all of them, a failure's own second. */
const INCOMPLETE_MS = 5_000
const FAILED_MS = 1_000

export function createKlines(parts: WarmParts, claims: Claims, candles: Candles): Klines {
  const { config, clock, cached, universe, snapshots, latency, tally } = parts
  const kept = new Map<string, Kept>()
  const venues = VENUES.filter((venue) => claims.order.includes(venue))

  const spansOf = (symbol: MarketSymbol, interval: Interval, from: Instant, to: Instant): readonly Span[] =>
    venues.flatMap((venue): Span[] => {
      const listing = universe.listingAt(symbol, venue)
      const source = parts.venues[venue].candles
      if (listing === null || !source.intervals.includes(interval)) return []
      // One more than asked: it tells whether there is anything older.
      const reach = Math.floor(clock.now() / INTERVAL_MS[interval]) - ((source.reach ?? Infinity) - 1)
      const oldest = Math.max(from - INTERVAL_MS[interval], reach * INTERVAL_MS[interval])
      return oldest >= to ? [] : [{ venue, listing, interval, from: oldest, to, isClosedOnly: false }]
    })

  const inputsOf = (
    symbol: MarketSymbol,
    { interval, from, to }: { interval: Interval; from: Instant; to: Instant },
    spans: readonly Span[],
    got: readonly SpanCandles[],
  ): SeriesInputs => {
    const rows: Partial<Record<Source, ReturnType<typeof rowOf>[]>> = {}
    const failures: Partial<Record<Source, DropReason>> = {}
    const receivedAt: Partial<Record<Source, Instant>> = {}
    let hasOlder = false
    for (const [index, { venue }] of spans.entries()) {
      const answer = got[index]
      if (answer === undefined) continue
      rows[venue] = answer.candles.filter((row) => row.openTime >= from && row.openTime < to).map(rowOf)
      hasOlder ||= answer.candles.some(({ openTime }) => openTime < from)
      if (answer.failure !== null) failures[venue] = answer.failure.reason
      receivedAt[venue] = answer.receivedAt
    }
    for (const venue of venues) {
      if (rows[venue] !== undefined || universe.listingAt(symbol, venue) === null) continue
      // Too far back for it, or an interval it does not have.
      const hasInterval = parts.venues[venue].candles.intervals.includes(interval)
      failures[venue] = hasInterval ? 'UNAVAILABLE' : 'NOT_LISTED'
    }
    const policy = { ...claims.policy(symbol, []), isHot: false }
    return { symbol, interval, from, to, now: clock.now(), policy, rows, failures, receivedAt, hasOlder }
  }

  const timed = (inputs: SeriesInputs): AgreedKlines => {
    const startedAt = clock.monotonic()
    const agreed = agreedOf(inputs)
    latency.note(clock.monotonic() - startedAt)
    return agreed
  }
  const blocks = createBlocks(snapshots, timed)

  /** Recorded under `subject`; what had to do in place of an answer is not an answer to record. */
  const agree = (inputs: SeriesInputs, settled: readonly Block[], subject: string | null): Series => {
    const rest = timed(inputs)
    const { symbol } = inputs
    const restsOn = settled.flatMap(({ part }) => part ?? [])
    const item = { kind: 'klines', symbol, subject: subject ?? '', inputs, answer: answerOf(rest), restsOn }
    const snapshot = snapshots.record(subject === null ? [] : [item])[0] ?? null
    return makeSeries(inputs, [...settled.map(({ agreed }) => agreed), rest], snapshot)
  }

  const make = async (
    symbol: MarketSymbol,
    range: { interval: Interval; from: Instant; to: Instant },
    { name, subject }: { readonly name: string; readonly subject: string },
    signal: AbortSignal,
  ): Promise<Outcome<Kept>> => {
    await listingsOf(symbol)
    const { interval, from, to } = range
    const spans = spansOf(symbol, interval, from, to)
    if (spans.length === 0) return nobodyLists(symbol, interval)
    const got = await candles.load(spans, signal)
    if (signal.aborted) return leftAlone(clock.now()).failed
    const failures = got.flatMap(({ failure }) => failure ?? [])
    const isStale = failures.length === spans.length
    if (isStale && got.every((answer) => answer.candles.length === 0)) {
      return unavailable(`${interval} candles of ${symbol}.`, failures, clock.now())
    }
    const whole = inputsOf(symbol, range, spans, got)
    const receivedAt = Math.max(...got.map((answer) => answer.receivedAt))
    const now = clock.now()
    if (isStale && newestOf(whole) + STALE_FACTOR * INTERVAL_MS[interval] < now) {
      return unavailable(`${interval} candles of ${symbol}.`, failures, now)
    }
    const settledUntil = Math.min(...got.map((answer) => answer.settledUntil))
    const { blocks: settled, rest } = blocks.cut(whole, settledUntil)
    const before = kept.get(name)
    // Asked again because a venue is missing, and it still is: the same answer, the same record.
    const isSame = before !== undefined && before.status !== 'STALE' && isSameSaid(before.series.inputs, rest)
    const series = !isStale && isSame ? before.series : agree(rest, settled, isStale ? null : subject)
    const isClosed = to <= Math.floor(receivedAt / INTERVAL_MS[interval]) * INTERVAL_MS[interval]
    const expiresAt = isClosed ? receivedAt + config.snapshots.retentionMs : openUntil(interval, receivedAt)
    const renewAt = isStale ? now + FAILED_MS : failures.length > 0 ? now + INCOMPLETE_MS : expiresAt
    const status = isStale ? 'STALE' : got.every(({ isHeld }) => isHeld) ? 'HIT' : 'MISS'
    return answered({ series, cachedAt: receivedAt, expiresAt, renewAt, status })
  }

  const listingsOf = async (symbol: MarketSymbol): Promise<void> => {
    const unknown = venues.filter((venue) => !universe.isKnown(venue))
    if (unknown.length === 0 || universe.listings(symbol).some(({ source }) => isAmong(venues, source)))
      return
    await universe.settled(unknown)
  }

  const nobodyLists = (symbol: MarketSymbol, interval: Interval): Outcome<never> =>
    venues.some((venue) => !universe.isKnown(venue))
      ? unavailable(`${interval} candles of ${symbol}: no venue's markets are known yet.`, [], clock.now())
      : refused('NOT_LISTED', `No allowed venue has ${interval} candles of ${symbol}.`)

  const keep = (name: string, fresh: Kept): void => {
    kept.delete(name)
    kept.set(name, fresh)
    let total = 0
    for (const { series } of kept.values()) total += series.agreed.nodes.length + 1
    for (const [oldest, { series }] of kept) {
      if (total <= KEPT_CANDLES || oldest === name) break
      kept.delete(oldest)
      total -= series.agreed.nodes.length + 1
    }
  }

  const page = (have: Kept, last: number, to: Instant, isHit: boolean): KlineSeries => {
    const { cachedAt, expiresAt } = have
    const ttlSeconds = Math.max(1, Math.round((expiresAt - cachedAt) / 1000))
    const status = isHit && have.status === 'MISS' ? 'HIT' : have.status
    return pageOf(have.series, {
      last,
      to,
      cache: { status, cachedAt, expiresAt, ttlSeconds },
      now: clock.now(),
    })
  }

  const records = createKlineRecords(snapshots)

  return {
    past: records.past,
    async present({ symbol, interval, last, before }, asker) {
      const now = clock.now()
      const { from, to, width, isNewest } = rangeOf(interval, last, before, now)
      const name = `${symbol}:${interval}:${width}:${to}`
      const have = kept.get(name)
      if (have !== undefined && have.renewAt > now) {
        tally.klines.hits += 1
        return answered(page(have, last, to, true))
      }
      const subject = subjectOf(symbol, interval, width, isNewest ? null : to)
      const range = { interval, from: Math.max(0, blockStart(interval, from)), to }
      const work = async (signal: AbortSignal) => {
        const outcome = await make(symbol, range, { name, subject }, signal)
        if (outcome.ok && !signal.aborted) keep(name, outcome.value)
        return reading(outcome)
      }
      const made = await cached.once(`klines:${name}`, work, asker)
      const isHit = made.ok && made.value.ok && made.value.value.status === 'HIT'
      tally.klines[isHit ? 'hits' : 'misses'] += 1
      if (!made.ok) return unavailable(`${interval} candles of ${symbol}.`, [made.failure], clock.now())
      return made.value.ok ? answered(page(made.value.value, last, to, false)) : made.value
    },
  }
}

/** Where the newest candle held begins. */
const newestOf = ({ rows }: SeriesInputs): Instant =>
  Math.max(0, ...Object.values(rows).map((each) => each.at(-1)?.[0] ?? 0))

const isSameSaid = (a: SeriesInputs, b: SeriesInputs): boolean =>
  JSON.stringify([a.rows, a.failures, a.parts]) === JSON.stringify([b.rows, b.failures, b.parts])

const isAmong = (venues: readonly Venue[], source: Source): boolean =>
  (venues as readonly Source[]).includes(source)
