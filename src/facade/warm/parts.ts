/** What the warm tier is made from, and the little of the hot tier it looks at. */
import type { Config, TtlClass } from '../../config.ts'
import type { Book, FeedState } from '../../domain/answer.ts'
import type { Decimal, Instant } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import type { Aggregator, MarketSymbol, Source, Venue } from '../../domain/market.ts'
import type { AggregatorSource, VenueSource } from '../../sources/source.ts'
import type { Store } from '../../store/store.ts'
import type { Transport } from '../../wire/http.ts'
import type { Latency } from '../latency.ts'
import type { Snapshots } from '../snapshots.ts'
import type { KnownUniverse } from '../universe.ts'
import type { Cached } from './cached.ts'

export interface Mid {
  readonly venue: Venue
  readonly mid: Decimal | null
  readonly observedAt: Instant
  readonly receivedAt: Instant
  readonly state: FeedState
}

/** Reads of memory: what the streams know right now. Asking starts nothing. */
export interface HotView {
  /** Of every venue whose book of it is streamed at present, in whatever state. */
  mids(symbol: MarketSymbol): readonly Mid[]
  /** Null unless it is streamed and LIVE. Every level it holds unless `depth` says otherwise. */
  liveBook(symbol: MarketSymbol, venue: Venue, depth?: number): Book | null
  /** Whole live books of the hot symbols. */
  hotBooks(): Iterable<Book>
}

export interface WarmParts {
  readonly config: Config
  readonly clock: Clock
  readonly store: Store
  readonly cached: Cached
  readonly snapshots: Snapshots
  readonly universe: KnownUniverse
  readonly hot: HotView
  readonly venues: Readonly<Record<Venue, VenueSource>>
  readonly aggregators: Readonly<Record<Aggregator, AggregatorSource>>
  readonly transports: Readonly<Partial<Record<Source, Transport>>>
  readonly tally: Tally
  /** How long agreeing takes. */
  readonly latency: Latency
}

export type CacheClassName = TtlClass | 'klines'

/** Hits and misses by class. */
export type Tally = Readonly<Record<CacheClassName, { hits: number; misses: number }>>

export const newTally = (): Tally => ({
  prices_hot: { hits: 0, misses: 0 },
  prices_warm: { hits: 0, misses: 0 },
  volumes_vadr: { hits: 0, misses: 0 },
  depth_spread: { hits: 0, misses: 0 },
  trades: { hits: 0, misses: 0 },
  funding_rates: { hits: 0, misses: 0 },
  open_interest: { hits: 0, misses: 0 },
  klines: { hits: 0, misses: 0 },
})
