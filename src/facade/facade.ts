/**
 * The product: one interface over the hot tier (venue streams) and the warm tier (REST, cache, records).
 * Batch first: an array of requests in, one outcome each out, in the same order. `health` never throws.
 * `asOf` answers come from immutable records alone and never touch a source.
 */
import type {
  Bar,
  Book,
  BookChange,
  ConsolidatedBook,
  Funding,
  Health,
  KlineSeries,
  Liquidity,
  OpenInterest,
  SnapshotRecord,
  Trade,
  Vadr,
} from '../domain/answer.ts'
import type { Instant, Price, PriceUpdate, ReconciliationMethod, Volume } from '../domain/attribution.ts'
import type { Outcome } from '../domain/errors.ts'
import type { DerivativesVenue, Interval, Listing, MarketSymbol, Venue } from '../domain/market.ts'
import type { Stream } from './feed.ts'

export interface KlineRequest {
  readonly symbol: MarketSymbol
  readonly interval: Interval
  /** 1 to 5,000 candles. */
  readonly last: number
  /** Exclusive: only candles that open before this. */
  readonly before: Instant | null
  readonly asOf: Instant | null
}

export interface Facade {
  readonly universe: Universe
  readonly warm: Warm
  readonly hot: Hot
  snapshot(id: string): Promise<Outcome<SnapshotRecord>>
  health(): Health
  healthChanges(): Stream<Health>
  /** The fan-out reports when an event received at `receivedAt` was written to a reader's socket. */
  noteServed(venue: Venue, receivedAt: Instant): void
}

/** The configured markets and who lists them. Known at start for aggregators; venues fill in as their listings arrive. */
export interface Universe {
  readonly symbols: readonly MarketSymbol[]
  has(symbol: MarketSymbol): boolean
  isHot(symbol: MarketSymbol): boolean
  listings(symbol: MarketSymbol): readonly Listing[]
  listingAt(symbol: MarketSymbol, source: Listing['source']): Listing | null
}

/**
 * Everything answered once. `asOf` null means now. `signal` says that the asker has left: what nobody else
 * waits for is given up, down to the request on the wire; the outcome no longer matters.
 */
export interface Warm {
  prices(requests: readonly PriceRequest[], signal?: AbortSignal): Promise<readonly Outcome<Price>[]>
  volumes(requests: readonly AtSymbol[], signal?: AbortSignal): Promise<readonly Outcome<Volume>[]>
  vadr(requests: readonly AtVenue[], signal?: AbortSignal): Promise<readonly Outcome<Vadr>[]>
  liquidity(
    requests: readonly LiquidityRequest[],
    signal?: AbortSignal,
  ): Promise<readonly Outcome<Liquidity>[]>
  funding(requests: readonly AtDerivativesVenue[], signal?: AbortSignal): Promise<readonly Outcome<Funding>[]>
  openInterest(
    requests: readonly AtDerivativesVenue[],
    signal?: AbortSignal,
  ): Promise<readonly Outcome<OpenInterest>[]>
  klines(request: KlineRequest, signal?: AbortSignal): Promise<Outcome<KlineSeries>>
  book(request: BookRequest, signal?: AbortSignal): Promise<Outcome<Book>>
  consolidatedBook(request: ConsolidatedBookRequest, signal?: AbortSignal): Promise<Outcome<ConsolidatedBook>>
}

export interface BookRequest {
  readonly symbol: MarketSymbol
  readonly venue: Venue | null
  readonly depth: number
  readonly asOf: Instant | null
}
export interface ConsolidatedBookRequest {
  readonly symbol: MarketSymbol
  readonly depth: number
  readonly venues: readonly Venue[] | null
}
export interface AtSymbol {
  readonly symbol: MarketSymbol
  readonly asOf: Instant | null
}
export interface PriceRequest extends AtSymbol {
  /** Null: the configured method. Another recomputes the same recorded inputs. */
  readonly method: ReconciliationMethod | null
}
export interface AtVenue extends AtSymbol {
  readonly venue: Venue
}
export interface AtDerivativesVenue extends AtSymbol {
  readonly venue: DerivativesVenue
}
export interface LiquidityRequest extends AtVenue {
  readonly withinPercent: number
}

/** Everything that streams. A refusal (unknown symbol, expired cursor) is an outcome before anything flows. */
export interface Hot {
  /** One stream of trades, books and bars of these symbols over all allowed venues. */
  hotSubscribe(symbols: readonly MarketSymbol[]): Outcome<Stream<HotEvent>>
  trades(request: {
    readonly symbols: readonly MarketSymbol[]
    readonly venues: readonly Venue[] | null
    readonly after: string | null
  }): Outcome<Stream<Trade>>
  book(request: {
    readonly symbol: MarketSymbol
    readonly venue: Venue
    readonly depth: number
    readonly maxRate: number | null
  }): Outcome<Stream<Book>>
  bookDeltas(request: {
    readonly symbol: MarketSymbol
    readonly venue: Venue
    readonly depth: number
    readonly after: string | null
  }): Outcome<Stream<BookChange>>
  consolidatedBook(request: {
    readonly symbol: MarketSymbol
    readonly depth: number
    readonly venues: readonly Venue[] | null
    readonly maxRate: number | null
  }): Outcome<Stream<ConsolidatedBook>>
  bars(request: {
    readonly symbols: readonly MarketSymbol[]
    readonly interval: Interval
    readonly venues: readonly Venue[] | null
  }): Outcome<Stream<Bar>>
  prices(request: {
    readonly symbols: readonly MarketSymbol[]
    readonly maxRate: number | null
  }): Outcome<Stream<PriceUpdate>>
}

export type HotEvent =
  | { readonly kind: 'trade'; readonly trade: Trade }
  | { readonly kind: 'book'; readonly book: Book }
  | { readonly kind: 'bar'; readonly bar: Bar }
