/**
 * From what the sources said to what each claims about one symbol: a live mid before a table, a listing of
 * its own before a stand-in quote converted at a rate that was itself agreed. A source that could not speak
 * is a claim too, with the reason.
 */
import type { Config } from '../../config.ts'
import type { DropReason } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import { multiply } from '../../domain/decimal.ts'
import { SOURCES, quoteOf } from '../../domain/market.ts'
import type { MarketSymbol, Source } from '../../domain/market.ts'
import { reconcile } from '../../domain/reconcile.ts'
import type { Agreement, Claim, Policy } from '../../domain/reconcile.ts'
import type { KnownUniverse } from '../universe.ts'
import type { Mid } from './parts.ts'
import type { QuoteTable, TableOutcome } from './tables.ts'

/** What is known of each source at the moment of deciding. */
export interface Evidence {
  /** Null: not asked, so it says nothing and nothing is said about it. */
  table(source: Source): TableOutcome | null
  mids(symbol: MarketSymbol): readonly Mid[]
}

/** Older figures are set aside. CoinPaprika renews about every five minutes; nothing honest is older. */
export const MAX_AGE_MS = 600_000

export interface Claims {
  /** What `sources` say about the price of `symbol`; those that were not asked are left out. */
  prices(symbol: MarketSymbol, sources: readonly Source[], evidence: Evidence): readonly Claim[]
  policy(symbol: MarketSymbol, wasDropped: readonly Source[]): Policy
  /** Sources that may speak for prices, most trusted first. */
  readonly order: readonly Source[]
}

export function createClaims({
  config,
  clock,
  universe,
}: {
  readonly config: Config
  readonly clock: Clock
  readonly universe: KnownUniverse
}): Claims {
  const { reconciliation: rules, authority } = config
  const order = [...authority.pricePrimary, ...authority.priceFallback].filter(
    (source) => config.sources[source].isEnabled,
  )

  const policyFor = (isHot: boolean, wasDropped: readonly Source[]): Policy => ({
    method: rules.method,
    maxDeviation: rules.maxDeviation,
    minSources: rules.minSources,
    confidenceThreshold: rules.confidenceThreshold,
    trimPercent: rules.trimPercent,
    isHot,
    maxAgeMs: MAX_AGE_MS,
    now: clock.now(),
    wasDropped,
    order,
  })

  /** A claim on a market the source itself lists; null when it was not asked. */
  const native = (source: Source, symbol: MarketSymbol, evidence: Evidence): Claim | null => {
    const mid = evidence.mids(symbol).find(({ venue }) => venue === source)
    if (mid?.state === 'LIVE' && mid.mid !== null) {
      const { mid: value, observedAt, receivedAt } = mid
      return { source, value, observedAt, receivedAt, conversion: null, failure: null }
    }
    const outcome = evidence.table(source)
    if (outcome === null) return mid === undefined ? null : silent(source, 'STALE')
    if (outcome.table === null) return silent(source, outcome.failure.reason)
    return quoted(source, symbol, outcome.table)
  }

  const converted = (
    source: Source,
    proxy: MarketSymbol,
    rateSymbol: MarketSymbol,
    evidence: Evidence,
    rateOf: (symbol: MarketSymbol) => Agreement,
  ): Claim | null => {
    const claim = native(source, proxy, evidence)
    if (claim === null || claim.value === null) return claim
    const rate = rateOf(rateSymbol)
    if (rate.value === null) return silent(source, 'UNAVAILABLE')
    return {
      source,
      value: multiply(claim.value, rate.value),
      observedAt: claim.observedAt === null ? null : Math.min(claim.observedAt, rate.observedAt),
      receivedAt: Math.max(claim.receivedAt ?? rate.receivedAt, rate.receivedAt),
      conversion: { symbol: rateSymbol, rate: rate.value },
      failure: null,
    }
  }

  const claimOf = (
    source: Source,
    symbol: MarketSymbol,
    evidence: Evidence,
    rateOf: (symbol: MarketSymbol) => Agreement,
  ): Claim | null => {
    if (universe.listingAt(symbol, source) !== null) return native(source, symbol, evidence)
    for (const proxy of universe.proxies(symbol)) {
      if (universe.listingAt(proxy, source) === null) continue
      return converted(source, proxy, `${quoteOf(proxy)}-${quoteOf(symbol)}`, evidence, rateOf)
    }
    const reason = universe.isKnown(source) ? 'NOT_LISTED' : 'UNAVAILABLE'
    const wasAsked = evidence.table(source) !== null || evidence.mids(symbol).length > 0
    return wasAsked ? silent(source, reason) : null
  }

  return {
    order,
    policy: (symbol, wasDropped) => policyFor(universe.isHot(symbol), wasDropped),
    prices(symbol, sources, evidence) {
      const rates = new Map<MarketSymbol, Agreement>()
      const rateOf = (rateSymbol: MarketSymbol): Agreement => {
        let rate = rates.get(rateSymbol)
        if (rate === undefined) {
          rate = reconcile(
            order.flatMap((source) =>
              universe.listingAt(rateSymbol, source) === null
                ? []
                : (native(source, rateSymbol, evidence) ?? []),
            ),
            policyFor(false, []),
          )
          rates.set(rateSymbol, rate)
        }
        return rate
      }
      return sources.flatMap((source) => claimOf(source, symbol, evidence, rateOf) ?? [])
    },
  }
}

function quoted(source: Source, symbol: MarketSymbol, table: QuoteTable): Claim {
  const quote = table.quotes[symbol]
  if (quote === undefined) return silent(source, table.missing ?? 'NOT_LISTED')
  if (quote.price === null) return silent(source, 'UNAVAILABLE')
  return {
    source,
    value: quote.price,
    observedAt: quote.observedAt,
    receivedAt: table.receivedAt,
    conversion: null,
    failure: null,
  }
}

export function silent(source: Source, failure: DropReason): Claim {
  return { source, value: null, observedAt: null, receivedAt: null, conversion: null, failure }
}

/** True when at least one source named a figure, kept or not. */
export const wasHeard = (claims: readonly Claim[]): boolean => claims.some(({ value }) => value !== null)

/** The sources of `SOURCES` that quote `symbol` themselves or through a stand-in. */
export function sourcesOf(universe: KnownUniverse, symbol: MarketSymbol): readonly Source[] {
  const names = [symbol, ...universe.proxies(symbol)]
  return SOURCES.filter((source) => names.some((name) => universe.listingAt(name, source) !== null))
}
