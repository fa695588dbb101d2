/**
 * Where a number came from, in types. Shapes follow the public contract field for field, so that a
 * resolver is a property read; instants are epoch milliseconds, decimals are exact text.
 * Every object here is immutable once published: identity may be used as a cache key.
 */
import type { MarketSymbol, Source } from './market.ts'

/** Exact decimal text, `"64213.45"`: the source's own digits, never exponent notation. */
export type Decimal = string
/** Epoch milliseconds, UTC. */
export type Instant = number

export type Authority = 'EXCHANGE_NATIVE' | 'RECONCILED'
/** WARM: answered from cache, record or REST. HOT: straight from a live stream (no cache entry, no record). */
export type Tier = 'HOT' | 'WARM'
export type CacheStatus = 'HIT' | 'MISS' | 'STALE'

export interface CacheEntry {
  readonly status: CacheStatus
  readonly cachedAt: Instant
  readonly expiresAt: Instant
  readonly ttlSeconds: number
}

export interface SnapshotRef {
  /** Lower-case hex SHA-256 of the record's body. */
  readonly id: string
  readonly takenAt: Instant
}

export interface Attribution {
  readonly authority: Authority
  /** Everyone whose figure is in the answer, most trusted first. */
  readonly sources: readonly Source[]
  /** 0 to 1. */
  readonly confidence: number
  readonly tier: Tier
  /** One sentence, ready to show. */
  readonly text: string
  readonly observedAt: Instant
  readonly receivedAt: Instant
  readonly cache: CacheEntry | null
  readonly snapshot: SnapshotRef | null
}

export type Verdict = 'ACCEPTED' | 'DEGRADED' | 'LOW_CONFIDENCE' | 'CONFLICT' | 'TOO_FEW_SOURCES'
export type ReconciliationMethod = 'TRIMMED_MEDIAN' | 'TRIMMED_MEAN'
export type DropReason =
  | 'OUTLIER'
  | 'STALE'
  | 'UNAVAILABLE'
  | 'CIRCUIT_OPEN'
  | 'RATE_LIMITED'
  | 'MALFORMED'
  | 'NOT_LISTED'

export interface Conversion {
  readonly symbol: MarketSymbol
  readonly rate: Decimal
}

export interface UsedQuote {
  readonly source: Source
  readonly value: Decimal
  readonly deviationPercent: number
  readonly observedAt: Instant
  readonly receivedAt: Instant
  readonly conversion: Conversion | null
}

export interface DroppedQuote {
  readonly source: Source
  readonly reason: DropReason
  readonly value: Decimal | null
  readonly deviationPercent: number | null
  readonly observedAt: Instant | null
}

export interface ReconciliationPolicy {
  readonly maxDeviationPercent: number
  readonly minSources: number
  readonly minConfidence: number
}

export interface Reconciliation {
  readonly verdict: Verdict
  readonly method: ReconciliationMethod
  readonly median: Decimal | null
  readonly used: readonly UsedQuote[]
  readonly dropped: readonly DroppedQuote[]
  readonly policy: ReconciliationPolicy
}

/** A number several sources had to agree on. `value` is null exactly when the verdict refuses it. */
export interface Reconciled {
  readonly value: Decimal | null
  readonly attribution: Attribution
  readonly reconciliation: Reconciliation
}
export type Price = Reconciled
export interface Volume extends Reconciled {
  /** What the value counts: `"USD"`, `"BTC"`. */
  readonly unit: string
}
export interface PriceUpdate {
  readonly symbol: MarketSymbol
  readonly price: Price
}
