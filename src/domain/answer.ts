/**
 * The shapes of everything the facade answers with besides reconciled numbers. Field for field the
 * public contract (`schema/schema.graphql`); instants are epoch milliseconds, decimals exact text.
 * Every object is immutable once published.
 */
import type { Attribution, Decimal, DropReason, Instant, Reconciliation } from './attribution.ts'
import type { DerivativesVenue, Interval, MarketSymbol, Source, Venue } from './market.ts'

// Books

/** LIVE: in step with the venue. RESYNCING: a gap was seen. STALE: disconnected or silent. */
export type FeedState = 'LIVE' | 'RESYNCING' | 'STALE'

export interface Level {
  readonly price: Decimal
  readonly size: Decimal
}

export interface Book {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly state: FeedState
  /** Best first. */
  readonly bids: readonly Level[]
  /** Best first. */
  readonly asks: readonly Level[]
  readonly mid: Decimal | null
  readonly spread: Decimal | null
  readonly spreadBps: number | null
  readonly sequence: string | null
  readonly observedAt: Instant
  readonly attribution: Attribution
}

export interface BookChange {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly kind: 'SNAPSHOT' | 'DELTA'
  readonly sequence: number
  readonly cursor: string
  readonly bids: readonly Level[]
  readonly asks: readonly Level[]
  /** CRC-32 of the top 25 levels a side after applying this change. */
  readonly checksum: number
  readonly observedAt: Instant
  readonly attribution: Attribution
}

export interface ConsolidatedLevel {
  readonly price: Decimal
  readonly size: Decimal
  readonly venues: readonly { readonly venue: Venue; readonly size: Decimal }[]
}

export interface ConsolidatedBook {
  readonly symbol: MarketSymbol
  readonly bids: readonly ConsolidatedLevel[]
  readonly asks: readonly ConsolidatedLevel[]
  readonly venues: readonly Venue[]
  readonly excluded: readonly { readonly venue: Venue; readonly reason: DropReason }[]
  readonly isCrossed: boolean
  readonly attribution: Attribution
}

// Trades and candles

export interface Trade {
  readonly id: string
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly price: Decimal
  readonly size: Decimal
  readonly takerSide: 'BUY' | 'SELL'
  readonly executedAt: Instant
  readonly receivedAt: Instant
  /** Ours: rises by one per venue and symbol. */
  readonly sequence: number
  readonly cursor: string
  readonly attribution: Attribution
}

export interface Candle {
  readonly symbol: MarketSymbol
  readonly interval: Interval
  readonly openTime: Instant
  /** Exclusive end: the next candle's openTime. */
  readonly closeTime: Instant
  readonly open: Decimal
  readonly high: Decimal
  readonly low: Decimal
  readonly close: Decimal
  /** In base units. */
  readonly volume: Decimal | null
  readonly isClosed: boolean
}

export interface Bar extends Candle {
  readonly venue: Venue
  readonly attribution: Attribution
}

export interface KlineReconciliation {
  readonly open: Reconciliation
  readonly high: Reconciliation
  readonly low: Reconciliation
  readonly close: Reconciliation
  readonly volume: readonly { readonly source: Source; readonly volume: Decimal }[]
}

export interface Kline extends Candle {
  readonly reconciliation: KlineReconciliation
}

export interface KlineSeries {
  readonly nodes: readonly Kline[]
  readonly rejected: readonly { readonly openTime: Instant; readonly reconciliation: KlineReconciliation }[]
  readonly pageInfo: {
    readonly hasPreviousPage: boolean
    readonly startCursor: Instant | null
    readonly endCursor: Instant | null
  }
  readonly attribution: Attribution
}

// Microstructure and derivatives

export interface Liquidity {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly mid: Decimal
  readonly spreadBps: number
  readonly withinPercent: number
  readonly bidDepth: Decimal
  readonly askDepth: Decimal
  readonly balance: number
  readonly isComplete: boolean
  readonly attribution: Attribution
}

export interface Vadr {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly value: number | null
  readonly isFrozen: boolean
  readonly hours: number
  readonly attribution: Attribution
}

export interface Funding {
  readonly symbol: MarketSymbol
  readonly venue: DerivativesVenue
  readonly instrument: string
  readonly rate: Decimal
  readonly intervalHours: number
  readonly nextFundingAt: Instant | null
  readonly markPrice: Decimal | null
  readonly indexPrice: Decimal | null
  readonly observedAt: Instant
  readonly attribution: Attribution
}

export interface OpenInterest {
  readonly symbol: MarketSymbol
  readonly venue: DerivativesVenue
  readonly instrument: string
  /** In base units. */
  readonly value: Decimal
  readonly observedAt: Instant
  readonly attribution: Attribution
}

export interface SnapshotRecord {
  readonly id: string
  readonly takenAt: Instant
  readonly kind: string
  readonly symbol: MarketSymbol
  /** Canonical JSON; its SHA-256 is `id`. */
  readonly body: string
}

// Health

export type Status = 'OK' | 'DEGRADED' | 'DOWN'

export interface LatencySummary {
  readonly count: number
  readonly meanMs: number | null
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

export interface Circuit {
  readonly state: 'CLOSED' | 'OPEN' | 'HALF_OPEN'
  readonly consecutiveFailures: number
  readonly retryAt: Instant | null
}

export interface Quota {
  readonly remaining: number
  readonly resetAt: Instant
}

export interface StreamHealth {
  readonly isConnected: boolean
  readonly messagesTotal: number
  readonly messagesPerSecond: number
  readonly venueLatency: LatencySummary
  readonly servedLatency: LatencySummary
  readonly lastMessageAt: Instant | null
  readonly reconnectsTotal: number
  readonly gapsTotal: number
  readonly malformedTotal: number
}

export interface SourceHealth {
  readonly source: Source
  readonly status: Status
  readonly circuit: Circuit
  readonly quota: Quota | null
  readonly stream: StreamHealth | null
  readonly reason: string | null
}

export interface CacheClassHealth {
  readonly name: string
  readonly ttlSeconds: number
  readonly hitRate: number | null
  readonly hitsTotal: number
  readonly missesTotal: number
}

export interface CacheHealth {
  readonly driver: 'MEMORY' | 'REDIS'
  readonly isConnected: boolean
  /** Why it is not, or what it refuses although it is; null when all is well. */
  readonly reason: string | null
  readonly hitRate: number | null
  readonly hitsTotal: number
  readonly missesTotal: number
  readonly usedBytes: number | null
  readonly classes: readonly CacheClassHealth[]
}

export interface SnapshotHealth {
  readonly isEnabled: boolean
  readonly retentionHours: number
  readonly writtenTotal: number
  readonly oldest: Instant | null
}

export interface Health {
  readonly status: Status
  readonly checkedAt: Instant
  /** True when the sources are the project's own simulator or a replay. */
  readonly isSimulated: boolean
  readonly sources: readonly SourceHealth[]
  readonly cache: CacheHealth
  readonly snapshots: SnapshotHealth
  readonly reconciliation: LatencySummary
}
