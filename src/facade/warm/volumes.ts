/**
 * 24 h volume. Aggregators count every venue, so theirs are compared and agreed on; where they cannot agree
 * or say nothing, the answer is the exact sum of the venues' own figures, named as what it is: DEGRADED.
 */
import type { Instant, Volume } from '../../domain/attribution.ts'
import type { Outcome } from '../../domain/errors.ts'
import { deviation, isZero, median, multiply, sum } from '../../domain/decimal.ts'
import { isVenue, quoteOf } from '../../domain/market.ts'
import type { MarketSymbol, Source } from '../../domain/market.ts'
import { reconcile } from '../../domain/reconcile.ts'
import type { Agreement, Claim, Policy } from '../../domain/reconcile.ts'
import { volumeSumText, volumeText } from '../../domain/text.ts'
import type { AtSymbol } from '../facade.ts'
import type { Recorded } from '../snapshots.ts'
import { silent, wasHeard } from './claims.ts'
import type { Claims } from './claims.ts'
import { isWorthKeeping, leftAlone, nobodySpoke, reconciledView, textOf } from './decided.ts'
import type { Decided } from './decided.ts'
import type { WarmParts } from './parts.ts'
import { createPast } from './past.ts'
import { createSlots, newSlot } from './slots.ts'
import type { Made, Slot } from './slots.ts'
import type { TableOutcome, Tables } from './tables.ts'

export interface Volumes {
  present(requests: readonly AtSymbol[], signal?: AbortSignal): Promise<readonly Outcome<Volume>[]>
  past(requests: readonly (AtSymbol & { readonly asOf: number })[]): Promise<readonly Outcome<Volume>[]>
}

type VolumeSlot = Slot<Decided, Volume>

export function createVolumes(parts: WarmParts, claims: Claims, tables: Tables): Volumes {
  const { config, clock, universe, snapshots, latency } = parts
  const counting = claims.order.filter((source) => !isVenue(source))
  const summing = claims.order.filter(isVenue)

  const policyOf = (): Policy => ({
    ...claims.policy('', []),
    maxDeviation: config.reconciliation.maxVolumeDeviation,
    isHot: false,
    order: claims.order,
  })

  const lists = (source: Source, symbol: MarketSymbol): boolean =>
    universe.listingAt(symbol, source) !== null || !universe.isKnown(source)

  const claimOf = (
    source: Source,
    symbol: MarketSymbol,
    outcomes: ReadonlyMap<Source, TableOutcome>,
  ): Claim | null => {
    if (universe.listingAt(symbol, source) === null) {
      return silent(source, universe.isKnown(source) ? 'NOT_LISTED' : 'UNAVAILABLE')
    }
    const outcome = outcomes.get(source)
    if (outcome === undefined) return null
    return outcome.table === null
      ? silent(source, outcome.failure.reason)
      : volumeClaim(source, symbol, outcome.table)
  }

  const claimsOf = (
    sources: readonly Source[],
    symbol: MarketSymbol,
    outcomes: ReadonlyMap<Source, TableOutcome>,
  ) => sources.flatMap((source) => claimOf(source, symbol, outcomes) ?? [])

  const decide = (symbol: MarketSymbol, outcomes: ReadonlyMap<Source, TableOutcome>): Decided => {
    const policy = policyOf()
    const said = claimsOf(counting, symbol, outcomes)
    const startedAt = clock.monotonic()
    const agreement = reconcile(said, policy)
    latency.note(clock.monotonic() - startedAt)
    return { key: keyOf(symbol), symbol, claims: said, policy, agreement, snapshot: null }
  }

  const summed = (each: Decided, outcomes: ReadonlyMap<Source, TableOutcome>): Decided => {
    const own = claimsOf(summing, each.symbol, outcomes)
    const agreement = sumOf(own, each.agreement, each.policy)
    return { ...each, claims: [...each.claims, ...own], agreement: agreement ?? each.agreement }
  }

  const make = async (
    slots: readonly VolumeSlot[],
    signal: AbortSignal,
  ): Promise<readonly Made<Decided, Volume>[]> => {
    const asked = counting.filter((source) => slots.some(({ symbol }) => lists(source, symbol)))
    const outcomes = new Map(await tables.load(asked, signal))
    let decisions = slots.map(({ symbol }) => decide(symbol, outcomes))
    const open = new Set(decisions.filter(({ agreement }) => agreement.value === null))
    if (open.size > 0) {
      const more = summing.filter((source) => [...open].some(({ symbol }) => lists(source, symbol)))
      for (const [source, outcome] of await tables.load(more, signal)) outcomes.set(source, outcome)
      decisions = decisions.map((each) => (open.has(each) ? summed(each, outcomes) : each))
    }
    if (signal.aborted) return slots.map(() => leftAlone(clock.now()))
    const failures = [...outcomes.values()].flatMap(({ failure }) => failure ?? [])
    const cachedAt = clock.now()
    return decisions.map((decided): Made<Decided, Volume> => {
      const { symbol, claims: said, policy, agreement } = decided
      if (!wasHeard(said)) return { failed: nobodySpoke(`the volume of ${symbol}`, said, failures, cachedAt) }
      const inputs = { claims: said, policy }
      const item = { kind: 'volume', symbol, subject: decided.key, inputs, answer: agreement }
      const [snapshot] = snapshots.record([item])
      const data = { ...decided, snapshot: snapshot ?? null }
      const expiresAt = cachedAt + config.ttlSeconds.volumes_vadr * 1000
      return { entry: { data, cachedAt, expiresAt }, isKept: isWorthKeeping(decided) }
    })
  }

  const slotOf = new Map(config.symbols.map((symbol) => [symbol, volumeSlot(symbol, parts)]))
  const slots = createSlots<Decided, Volume>({
    store: parts.store,
    clock,
    view: (data, cache) => volumeView(data, cache, clock.now()),
    make,
  })
  const records = createPast(snapshots, ({ ref, record }: Recorded) => {
    const agreement = record.answer as Agreement
    return volumeView({ symbol: record.symbol, agreement, snapshot: ref }, null, ref.takenAt)
  })

  return {
    present: (requests, signal) =>
      slots.read(
        requests.map(({ symbol }) => slotOf.get(symbol) as VolumeSlot),
        signal,
      ),
    past: (requests) =>
      records.read(requests.map(({ symbol, asOf }) => ({ subject: keyOf(symbol), at: asOf }))),
  }
}

const keyOf = (symbol: MarketSymbol): string => `volume:${symbol}`

const volumeSlot = (symbol: MarketSymbol, { config, tally }: WarmParts): VolumeSlot =>
  newSlot({
    key: keyOf(symbol),
    symbol,
    ttlSeconds: config.ttlSeconds.volumes_vadr,
    tally: tally.volumes_vadr,
  })

function volumeView(
  { symbol, agreement, snapshot }: Pick<Decided, 'symbol' | 'agreement' | 'snapshot'>,
  cache: Parameters<typeof reconciledView>[1]['cache'],
  now: Instant,
): Volume {
  const unit = quoteOf(symbol)
  const { verdict } = agreement.reconciliation
  const venues = agreement.sources.filter(isVenue)
  const text = verdict === 'DEGRADED' ? volumeSumText(venues) : volumeText(agreement)
  return {
    ...reconciledView(agreement, { tier: 'WARM', text: textOf(text, cache, now), cache, snapshot }),
    unit,
  }
}

function volumeClaim(source: Source, symbol: MarketSymbol, table: NonNullable<TableOutcome['table']>): Claim {
  const { receivedAt } = table
  const quote = table.quotes[symbol]
  if (quote === undefined) return silent(source, table.missing ?? 'NOT_LISTED')
  const value = inQuote(quote.volume24h, quote.volumeUnit, quote.price, symbol)
  if (value === null) return silent(source, 'UNAVAILABLE')
  return { source, value, observedAt: quote.observedAt, receivedAt, conversion: null, failure: null }
}

/** Coinbase counts base units only: worth its own price. */
function inQuote(
  volume: string | null,
  unit: string,
  price: string | null,
  symbol: MarketSymbol,
): string | null {
  if (volume === null || unit === quoteOf(symbol)) return volume
  return price === null ? null : multiply(volume, price)
}

/** Null when no venue gave a figure. */
export function sumOf(claims: readonly Claim[], refusal: Agreement, policy: Policy): Agreement | null {
  const given = claims.flatMap((claim) => (claim.value === null ? [] : [{ ...claim, value: claim.value }]))
  if (given.length === 0) return null
  const middle = median(given.map(({ value }) => value))
  const used = given.map(({ source, value, observedAt, receivedAt, conversion }) => ({
    source,
    value,
    deviationPercent: isZero(middle) ? 0 : deviation(value, middle) * 100,
    observedAt: observedAt ?? receivedAt ?? policy.now,
    receivedAt: receivedAt ?? policy.now,
    conversion,
  }))
  const silentVenues = claims.flatMap(({ source, failure, value }) =>
    value === null && failure !== null
      ? [{ source, reason: failure, value: null, deviationPercent: null, observedAt: null }]
      : [],
  )
  const { used: aside, dropped, policy: rules } = refusal.reconciliation
  // Aggregators that could not agree stay visible: each is out of bounds of the other.
  const setAside = aside.map(({ source, value, deviationPercent, observedAt }) => {
    return { source, reason: 'OUTLIER' as const, value, deviationPercent, observedAt }
  })
  return {
    value: sum(used.map(({ value }) => value)),
    confidence: Math.min(refusal.confidence, policy.confidenceThreshold),
    sources: used.map(({ source }) => source),
    observedAt: Math.min(...used.map(({ observedAt }) => observedAt)),
    receivedAt: Math.max(...used.map(({ receivedAt }) => receivedAt)),
    reconciliation: {
      verdict: 'DEGRADED',
      method: policy.method,
      median: middle,
      used,
      dropped: [...setAside, ...dropped, ...silentVenues],
      policy: rules,
    },
  }
}
