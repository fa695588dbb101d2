/**
 * Candles agreed between venues: open, high, low and close each reconciled on its own, then made to fit one
 * another; volume added up. What could not be agreed is handed back with its evidence, never guessed.
 */
import type { Kline, KlineReconciliation, KlineSeries } from './answer.ts'
import type { Decimal, DropReason, Instant } from './attribution.ts'
import { compare, sum } from './decimal.ts'
import { INTERVAL_MS, SOURCES, isVenue } from './market.ts'
import type { Interval, MarketSymbol, Source } from './market.ts'
import { reconcile } from './reconcile.ts'
import type { Agreement, Claim, Policy } from './reconcile.ts'
import { isDecimal } from './scaled.ts'

/** One source's candle; volume in base units. */
export interface SourceCandle {
  readonly openTime: Instant
  readonly open: Decimal
  readonly high: Decimal
  readonly low: Decimal
  readonly close: Decimal
  readonly volume: Decimal | null
}

export interface KlineQuestion {
  readonly symbol: MarketSymbol
  readonly interval: Interval
  /** Half-open range of open times. */
  readonly from: Instant
  readonly to: Instant
  readonly now: Instant
  /** Freshness does not apply to candles: `maxAgeMs` is not read. */
  readonly policy: Policy
  /** Sources that were asked and did not answer, for the evidence. */
  readonly failures?: ReadonlyMap<Source, DropReason>
  /** When each source's candles reached us; `now` where not given. */
  readonly receivedAt?: ReadonlyMap<Source, Instant>
}

export interface AgreedKlines {
  /** Oldest first. */
  readonly nodes: readonly Kline[]
  readonly rejected: KlineSeries['rejected']
}

type Field = 'open' | 'high' | 'low' | 'close'
type Heard = ReadonlyMap<Source, SourceCandle>
type Agreed = Readonly<Record<Field, Agreement>>

export function agreeKlines(
  perSource: ReadonlyMap<Source, readonly SourceCandle[]>,
  question: KlineQuestion,
): AgreedKlines {
  const asked = SOURCES.filter((source) => perSource.has(source) || question.failures?.has(source))
  const nodes: Kline[] = []
  const rejected: { openTime: Instant; reconciliation: KlineReconciliation }[] = []
  for (const [openTime, heard] of byOpenTime(perSource, question)) {
    const agreed = agree(asked, heard, openTime, question)
    const reconciliation = evidence(agreed, heard)
    const kline = klineOf(agreed, reconciliation, openTime, question)
    if (kline === null) rejected.push({ openTime, reconciliation })
    else nodes.push(kline)
  }
  return { nodes, rejected }
}

/** Every open time anybody had a candle for, oldest first. A source that repeats one is taken at its last word. */
function byOpenTime(
  perSource: ReadonlyMap<Source, readonly SourceCandle[]>,
  { from, to }: KlineQuestion,
): readonly (readonly [Instant, Heard])[] {
  const times = new Map<Instant, Map<Source, SourceCandle>>()
  for (const [source, candles] of perSource) {
    for (const candle of candles) {
      if (!(candle.openTime >= from && candle.openTime < to)) continue
      const heard = times.get(candle.openTime)
      if (heard === undefined) times.set(candle.openTime, new Map([[source, candle]]))
      else heard.set(source, candle)
    }
  }
  return [...times].sort(([a], [b]) => a - b)
}

function agree(asked: readonly Source[], heard: Heard, openTime: Instant, question: KlineQuestion): Agreed {
  const policy = { ...question.policy, maxAgeMs: Infinity, now: question.now }
  const closeTime = openTime + INTERVAL_MS[question.interval]
  const bare = asked.map((source) => bareClaim(source, heard.get(source), closeTime, question))
  const agreeOn = (field: Field) =>
    reconcile(
      bare.map((claim) => ({
        source: claim.source,
        value: heard.get(claim.source)?.[field] ?? null,
        observedAt: claim.observedAt,
        receivedAt: claim.receivedAt,
        conversion: null,
        failure: claim.failure,
      })),
      policy,
    )
  return { open: agreeOn('open'), high: agreeOn('high'), low: agreeOn('low'), close: agreeOn('close') }
}

/** What the four claims of one source have in common. A quiet venue that printed no candle is not heard on it. */
function bareClaim(
  source: Source,
  candle: SourceCandle | undefined,
  closeTime: Instant,
  { now, receivedAt, failures }: KlineQuestion,
): Pick<Claim, 'source' | 'observedAt' | 'receivedAt' | 'failure'> {
  if (candle === undefined) {
    return { source, observedAt: null, receivedAt: null, failure: failures?.get(source) ?? 'UNAVAILABLE' }
  }
  const received = receivedAt?.get(source) ?? now
  const failure = isContradictory(candle) ? 'MALFORMED' : null
  return { source, observedAt: Math.min(closeTime, received), receivedAt: received, failure }
}

/** The nearest float never reverses an order, so a contradiction seen there is one. */
function isContradictory(candle: SourceCandle): boolean {
  const [low, high] = [Number(candle.low), Number(candle.high)]
  const [open, close] = [Number(candle.open), Number(candle.close)]
  return low > open || low > close || high < open || high < close
}

function evidence(agreed: Agreed, heard: Heard): KlineReconciliation {
  const volume: { source: Source; volume: Decimal }[] = []
  for (const source of agreed.close.sources) {
    const said = heard.get(source)?.volume
    // An aggregator's volume spans venues already counted.
    if (isVenue(source) && isDecimal(said)) volume.push({ source, volume: said })
  }
  return {
    open: agreed.open.reconciliation,
    high: agreed.high.reconciliation,
    low: agreed.low.reconciliation,
    close: agreed.close.reconciliation,
    volume,
  }
}

function klineOf(
  agreed: Agreed,
  reconciliation: KlineReconciliation,
  openTime: Instant,
  { symbol, interval, now }: KlineQuestion,
): Kline | null {
  const { value: open } = agreed.open
  const { value: high } = agreed.high
  const { value: low } = agreed.low
  const { value: close } = agreed.close
  if (open === null || high === null || low === null || close === null) return null
  const closeTime = openTime + INTERVAL_MS[interval]
  return {
    symbol,
    interval,
    openTime,
    closeTime,
    open,
    // Agreed one by one, the four can come from different venues and miss each other by a hair.
    high: [open, close].reduce((top, price) => (isAbove(price, top) ? price : top), high),
    low: [open, close].reduce((bottom, price) => (isAbove(bottom, price) ? price : bottom), low),
    close,
    volume:
      reconciliation.volume.length === 0 ? null : sum(reconciliation.volume.map(({ volume }) => volume)),
    isClosed: closeTime <= now,
    reconciliation,
  }
}

function isAbove(a: Decimal, b: Decimal): boolean {
  const [x, y] = [Number(a), Number(b)]
  return x === y ? compare(a, b) > 0 : x > y
}
