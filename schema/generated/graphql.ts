/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** By what right an answer is given. */
export type Authority =
  /** One exchange speaking about itself. */
  | 'EXCHANGE_NATIVE'
  /** Several sources heard, and one value agreed. */
  | 'RECONCILED';

/** What a change does to the book held so far. */
export type BookChangeKind =
  /** Amends it, level by level. */
  | 'DELTA'
  /** Replaces it. */
  | 'SNAPSHOT';

/** Where cached answers live. */
export type CacheDriver =
  /** In the process itself. */
  | 'MEMORY'
  /** In Redis, shared between processes. */
  | 'REDIS';

/** What the cache had to say. */
export type CacheStatus =
  /** Held, and within its time to live. */
  | 'HIT'
  /** Fetched for this answer. */
  | 'MISS'
  /** Older than its time to live and served all the same, because no source answered. Books never are. */
  | 'STALE';

/** Whether a source is being asked. */
export type CircuitState =
  /** Asked as usual. */
  | 'CLOSED'
  /** A few trial requests decide. */
  | 'HALF_OPEN'
  /** Not asked until `retryAt`. */
  | 'OPEN';

/** Why a source or a venue was set aside. */
export type DropReason =
  /** It failed too often of late and is not being asked. */
  | 'CIRCUIT_OPEN'
  /** What it sent could not be understood. */
  | 'MALFORMED'
  /** It does not list this market. */
  | 'NOT_LISTED'
  /** Further from the median than the policy allows. */
  | 'OUTLIER'
  /** Its request budget is used up. */
  | 'RATE_LIMITED'
  /** Too old, or its stream is silent. */
  | 'STALE'
  /** It did not answer. */
  | 'UNAVAILABLE';

/** How far a book can be trusted right now. */
export type FeedState =
  /** In step with its venue. */
  | 'LIVE'
  /** A message is missing; a fresh snapshot has been asked for. */
  | 'RESYNCING'
  /** The venue hung up or fell silent. */
  | 'STALE';

/** How wide a candle is: M for minutes, H for hours, D for days. */
export type Interval =
  | 'D1'
  | 'H1'
  | 'H4'
  | 'M1'
  | 'M5'
  | 'M15'
  | 'M30';

/** How the kept values become one. */
export type ReconciliationMethod =
  /** The mean of those kept, after cutting the ends. */
  | 'TRIMMED_MEAN'
  /** The middle value of those kept; the mean of the middle two when they are even in number. */
  | 'TRIMMED_MEDIAN';

/** A side of the market. */
export type Side =
  | 'BUY'
  | 'SELL';

/** Anyone a price or a volume can be heard from: the exchanges and the aggregators. */
export type Source =
  | 'BINANCE'
  | 'COINBASE'
  | 'COINGECKO'
  | 'COINPAPRIKA'
  | 'KRAKEN'
  | 'OKX';

/** How well something is. */
export type Status =
  /** Works, with something missing. */
  | 'DEGRADED'
  /** Does not work. */
  | 'DOWN'
  /** As it should be. */
  | 'OK';

/** Which half of the facade answered. */
export type Tier =
  /** Straight from a live stream. */
  | 'HOT'
  /** By request: cache, record or REST. */
  | 'WARM';

/** An exchange whose own word counts for books, spreads, depth and trades. No aggregator is in this list, on purpose. */
export type Venue =
  | 'BINANCE'
  | 'COINBASE'
  | 'KRAKEN'
  | 'OKX';

/** How an agreement ended. Only ACCEPTED and DEGRADED carry a value. */
export type Verdict =
  /** Enough independent sources agree. */
  | 'ACCEPTED'
  /** Two sources contradict each other and nobody breaks the tie. */
  | 'CONFLICT'
  /** There is a value, but fewer independent sources stand behind it than the policy asks for. */
  | 'DEGRADED'
  /** The sources lie too far apart to pass the confidence gate. */
  | 'LOW_CONFIDENCE'
  /** Not enough usable sources were left. */
  | 'TOO_FEW_SOURCES';

export type BookDeltasSubscriptionVariables = Exact<{
  symbol: string;
  venue: Venue;
  depth?: number;
  after?: string | null | undefined;
}>;


export type BookDeltasSubscription = { readonly bookDeltas: { readonly kind: BookChangeKind, readonly sequence: number, readonly cursor: string, readonly checksum: number, readonly observedAt: string, readonly bids: ReadonlyArray<{ readonly price: string, readonly size: string }>, readonly asks: ReadonlyArray<{ readonly price: string, readonly size: string }> } };

export type ChartQueryVariables = Exact<{
  symbol: string;
  interval: Interval;
  last?: number;
  before?: string | null | undefined;
}>;


export type ChartQuery = { readonly klines: { readonly nodes: ReadonlyArray<{ readonly openTime: string, readonly open: string, readonly high: string, readonly low: string, readonly close: string, readonly volume: string | null, readonly isClosed: boolean }>, readonly rejected: ReadonlyArray<{ readonly openTime: string }>, readonly pageInfo: { readonly hasPreviousPage: boolean, readonly startCursor: string | null, readonly endCursor: string | null }, readonly attribution: { readonly text: string, readonly sources: ReadonlyArray<Source>, readonly confidence: number } } | null };

export type ConsolidatedQueryVariables = Exact<{
  symbol: string;
  depth?: number;
  venues?: ReadonlyArray<Venue> | Venue | null | undefined;
}>;


export type ConsolidatedQuery = { readonly consolidatedBook: { readonly venues: ReadonlyArray<Venue>, readonly isCrossed: boolean, readonly bids: ReadonlyArray<{ readonly price: string, readonly size: string, readonly venues: ReadonlyArray<{ readonly venue: Venue, readonly size: string }> }>, readonly asks: ReadonlyArray<{ readonly price: string, readonly size: string, readonly venues: ReadonlyArray<{ readonly venue: Venue, readonly size: string }> }>, readonly excluded: ReadonlyArray<{ readonly venue: Venue, readonly reason: DropReason }>, readonly attribution: { readonly text: string } } | null };

export type DerivativesQueryVariables = Exact<{
  symbol: string;
}>;


export type DerivativesQuery = { readonly market: { readonly symbol: string, readonly binance: { readonly instrument: string, readonly rate: string, readonly intervalHours: number, readonly nextFundingAt: string | null, readonly markPrice: string | null, readonly indexPrice: string | null, readonly attribution: { readonly text: string, readonly cache: { readonly status: CacheStatus } | null } } | null, readonly okx: { readonly instrument: string, readonly rate: string, readonly intervalHours: number, readonly nextFundingAt: string | null, readonly markPrice: string | null, readonly indexPrice: string | null, readonly attribution: { readonly text: string, readonly cache: { readonly status: CacheStatus } | null } } | null, readonly binanceInterest: { readonly instrument: string, readonly value: string, readonly observedAt: string } | null, readonly okxInterest: { readonly instrument: string, readonly value: string, readonly observedAt: string } | null } | null };

export type FundingFieldsFragment = { readonly instrument: string, readonly rate: string, readonly intervalHours: number, readonly nextFundingAt: string | null, readonly markPrice: string | null, readonly indexPrice: string | null, readonly attribution: { readonly text: string, readonly cache: { readonly status: CacheStatus } | null } };

export type HealthQueryVariables = Exact<{ [key: string]: never; }>;


export type HealthQuery = { readonly health: { readonly status: Status, readonly checkedAt: string, readonly isSimulated: boolean, readonly sources: ReadonlyArray<{ readonly source: Source, readonly status: Status, readonly reason: string | null, readonly circuit: { readonly state: CircuitState, readonly consecutiveFailures: number, readonly retryAt: string | null }, readonly quota: { readonly remaining: number, readonly resetAt: string } | null, readonly stream: { readonly isConnected: boolean, readonly messagesPerSecond: number, readonly reconnectsTotal: number, readonly gapsTotal: number, readonly malformedTotal: number, readonly venueLatency: { readonly p50Ms: number | null, readonly p99Ms: number | null } } | null }>, readonly cache: { readonly driver: CacheDriver, readonly isConnected: boolean, readonly hitRate: number | null, readonly classes: ReadonlyArray<{ readonly name: string, readonly ttlSeconds: number, readonly hitRate: number | null }> }, readonly snapshots: { readonly isEnabled: boolean, readonly retentionHours: number, readonly writtenTotal: number, readonly oldest: string | null }, readonly reconciliation: { readonly count: number, readonly p99Ms: number | null } } };

export type LadderQueryVariables = Exact<{
  symbol: string;
  venue?: Venue | null | undefined;
  depth?: number;
}>;


export type LadderQuery = { readonly book: { readonly venue: Venue, readonly state: FeedState, readonly mid: string | null, readonly spread: string | null, readonly spreadBps: number | null, readonly observedAt: string, readonly bids: ReadonlyArray<{ readonly price: string, readonly size: string }>, readonly asks: ReadonlyArray<{ readonly price: string, readonly size: string }>, readonly attribution: { readonly text: string, readonly tier: Tier } } | null };

export type LiquidityQueryVariables = Exact<{
  symbol: string;
  venue: Venue;
  withinPercent?: number;
}>;


export type LiquidityQuery = { readonly market: { readonly symbol: string, readonly liquidity: { readonly mid: string, readonly spreadBps: number, readonly bidDepth: string, readonly askDepth: string, readonly balance: number, readonly isComplete: boolean, readonly attribution: { readonly text: string } } | null, readonly vadr: { readonly value: number | null, readonly isFrozen: boolean, readonly hours: number, readonly attribution: { readonly text: string } } | null } | null };

export type LiveBarsSubscriptionVariables = Exact<{
  symbols: ReadonlyArray<string> | string;
  interval?: Interval;
  venues?: ReadonlyArray<Venue> | Venue | null | undefined;
}>;


export type LiveBarsSubscription = { readonly bars: { readonly symbol: string, readonly venue: Venue, readonly interval: Interval, readonly openTime: string, readonly open: string, readonly high: string, readonly low: string, readonly close: string, readonly volume: string | null, readonly isClosed: boolean } };

export type LiveHealthSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type LiveHealthSubscription = { readonly health: { readonly status: Status, readonly checkedAt: string, readonly sources: ReadonlyArray<{ readonly source: Source, readonly status: Status, readonly reason: string | null, readonly circuit: { readonly state: CircuitState }, readonly stream: { readonly isConnected: boolean, readonly messagesPerSecond: number } | null }>, readonly cache: { readonly hitRate: number | null } } };

export type LiveLadderSubscriptionVariables = Exact<{
  symbol: string;
  venue: Venue;
  depth?: number;
  maxRate?: number | null | undefined;
}>;


export type LiveLadderSubscription = { readonly book: { readonly symbol: string, readonly venue: Venue, readonly state: FeedState, readonly mid: string | null, readonly spreadBps: number | null, readonly observedAt: string, readonly bids: ReadonlyArray<{ readonly price: string, readonly size: string }>, readonly asks: ReadonlyArray<{ readonly price: string, readonly size: string }>, readonly attribution: { readonly text: string, readonly receivedAt: string } } };

export type LivePricesSubscriptionVariables = Exact<{
  symbols: ReadonlyArray<string> | string;
  maxRate?: number | null | undefined;
}>;


export type LivePricesSubscription = { readonly prices: { readonly symbol: string, readonly price: { readonly value: string | null, readonly attribution: { readonly confidence: number, readonly text: string, readonly observedAt: string }, readonly reconciliation: { readonly verdict: Verdict, readonly dropped: ReadonlyArray<{ readonly source: Source, readonly reason: DropReason }> } } } };

export type LiveTradesSubscriptionVariables = Exact<{
  symbols: ReadonlyArray<string> | string;
  venues?: ReadonlyArray<Venue> | Venue | null | undefined;
  after?: string | null | undefined;
}>;


export type LiveTradesSubscription = { readonly trades: { readonly id: string, readonly symbol: string, readonly venue: Venue, readonly price: string, readonly size: string, readonly takerSide: Side, readonly executedAt: string, readonly sequence: number, readonly cursor: string } };

export type RecordQueryVariables = Exact<{
  id: string;
}>;


export type RecordQuery = { readonly snapshot: { readonly id: string, readonly takenAt: string, readonly kind: string, readonly symbol: string, readonly body: string } | null };

export type TimeTravelQueryVariables = Exact<{
  symbol: string;
  asOf?: string | null | undefined;
}>;


export type TimeTravelQuery = { readonly market: { readonly symbol: string, readonly price: { readonly value: string | null, readonly attribution: { readonly text: string, readonly observedAt: string, readonly snapshot: { readonly id: string, readonly takenAt: string } | null } } | null } | null };

export type WatchlistQueryVariables = Exact<{
  symbols: ReadonlyArray<string> | string;
}>;


export type WatchlistQuery = { readonly markets: ReadonlyArray<{ readonly symbol: string, readonly base: string, readonly quote: string, readonly price: { readonly value: string | null, readonly reconciliation: { readonly verdict: Verdict }, readonly attribution: { readonly confidence: number, readonly sources: ReadonlyArray<Source>, readonly observedAt: string, readonly cache: { readonly status: CacheStatus } | null } } | null, readonly volume24h: { readonly value: string | null, readonly unit: string } | null } | null> };

export type WhyThisPriceQueryVariables = Exact<{
  symbol: string;
}>;


export type WhyThisPriceQuery = { readonly market: { readonly symbol: string, readonly listings: ReadonlyArray<{ readonly source: Source, readonly spelling: string }>, readonly price: { readonly value: string | null, readonly attribution: { readonly authority: Authority, readonly sources: ReadonlyArray<Source>, readonly confidence: number, readonly tier: Tier, readonly text: string, readonly observedAt: string, readonly receivedAt: string, readonly cache: { readonly status: CacheStatus, readonly cachedAt: string, readonly expiresAt: string, readonly ttlSeconds: number } | null, readonly snapshot: { readonly id: string, readonly takenAt: string } | null }, readonly reconciliation: { readonly verdict: Verdict, readonly method: ReconciliationMethod, readonly median: string | null, readonly used: ReadonlyArray<{ readonly source: Source, readonly value: string, readonly deviationPercent: number, readonly observedAt: string, readonly conversion: { readonly symbol: string, readonly rate: string } | null }>, readonly dropped: ReadonlyArray<{ readonly source: Source, readonly reason: DropReason, readonly value: string | null, readonly deviationPercent: number | null }>, readonly policy: { readonly maxDeviationPercent: number, readonly minSources: number, readonly minConfidence: number } } } | null } | null };

export const FundingFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"FundingFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Funding"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"instrument"}},{"kind":"Field","name":{"kind":"Name","value":"rate"}},{"kind":"Field","name":{"kind":"Name","value":"intervalHours"}},{"kind":"Field","name":{"kind":"Name","value":"nextFundingAt"}},{"kind":"Field","name":{"kind":"Name","value":"markPrice"}},{"kind":"Field","name":{"kind":"Name","value":"indexPrice"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"cache"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}}]}}]} as unknown as DocumentNode<FundingFieldsFragment, unknown>;
export const BookDeltasDocument = {"__meta__":{"hash":"sha256:f3c45e1692d951e70205093af1e45a89d557e53257476705746a6bf0519db1dd"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"BookDeltas"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"venue"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Venue"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"depth"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"200"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bookDeltas"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}},{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venue"}}},{"kind":"Argument","name":{"kind":"Name","value":"depth"},"value":{"kind":"Variable","name":{"kind":"Name","value":"depth"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"sequence"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"bids"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}},{"kind":"Field","name":{"kind":"Name","value":"asks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}},{"kind":"Field","name":{"kind":"Name","value":"checksum"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}}]}}]}}]} as unknown as DocumentNode<BookDeltasSubscription, BookDeltasSubscriptionVariables>;
export const ChartDocument = {"__meta__":{"hash":"sha256:5f5627291717c4113615a61b4231c61b6284f8c0bab7422a3dfe976594f9b12b"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Chart"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"interval"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Interval"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"last"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"500"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"before"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"klines"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}},{"kind":"Argument","name":{"kind":"Name","value":"interval"},"value":{"kind":"Variable","name":{"kind":"Name","value":"interval"}}},{"kind":"Argument","name":{"kind":"Name","value":"last"},"value":{"kind":"Variable","name":{"kind":"Name","value":"last"}}},{"kind":"Argument","name":{"kind":"Name","value":"before"},"value":{"kind":"Variable","name":{"kind":"Name","value":"before"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"openTime"}},{"kind":"Field","name":{"kind":"Name","value":"open"}},{"kind":"Field","name":{"kind":"Name","value":"high"}},{"kind":"Field","name":{"kind":"Name","value":"low"}},{"kind":"Field","name":{"kind":"Name","value":"close"}},{"kind":"Field","name":{"kind":"Name","value":"volume"}},{"kind":"Field","name":{"kind":"Name","value":"isClosed"}}]}},{"kind":"Field","name":{"kind":"Name","value":"rejected"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"openTime"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasPreviousPage"}},{"kind":"Field","name":{"kind":"Name","value":"startCursor"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"sources"}},{"kind":"Field","name":{"kind":"Name","value":"confidence"}}]}}]}}]}}]} as unknown as DocumentNode<ChartQuery, ChartQueryVariables>;
export const ConsolidatedDocument = {"__meta__":{"hash":"sha256:e70628ae392d71e625d61c7f859eafd62e399ab8aa8c063493df6b15aa85a2ea"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Consolidated"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"depth"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"20"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"venues"}},"type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Venue"}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"consolidatedBook"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}},{"kind":"Argument","name":{"kind":"Name","value":"depth"},"value":{"kind":"Variable","name":{"kind":"Name","value":"depth"}}},{"kind":"Argument","name":{"kind":"Name","value":"venues"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venues"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bids"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}},{"kind":"Field","name":{"kind":"Name","value":"venues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"asks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}},{"kind":"Field","name":{"kind":"Name","value":"venues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"venues"}},{"kind":"Field","name":{"kind":"Name","value":"excluded"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"isCrossed"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}}]}}]} as unknown as DocumentNode<ConsolidatedQuery, ConsolidatedQueryVariables>;
export const DerivativesDocument = {"__meta__":{"hash":"sha256:733c02e6db6a4ee1c8e886ff489c421a367584ff9c3f3834a6dfdfbaa06a844b"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Derivatives"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"market"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","alias":{"kind":"Name","value":"binance"},"name":{"kind":"Name","value":"funding"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"EnumValue","value":"BINANCE"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"FundingFields"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"okx"},"name":{"kind":"Name","value":"funding"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"EnumValue","value":"OKX"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"FundingFields"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"binanceInterest"},"name":{"kind":"Name","value":"openInterest"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"EnumValue","value":"BINANCE"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"instrument"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"okxInterest"},"name":{"kind":"Name","value":"openInterest"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"EnumValue","value":"OKX"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"instrument"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"FundingFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Funding"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"instrument"}},{"kind":"Field","name":{"kind":"Name","value":"rate"}},{"kind":"Field","name":{"kind":"Name","value":"intervalHours"}},{"kind":"Field","name":{"kind":"Name","value":"nextFundingAt"}},{"kind":"Field","name":{"kind":"Name","value":"markPrice"}},{"kind":"Field","name":{"kind":"Name","value":"indexPrice"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"cache"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}}]}}]} as unknown as DocumentNode<DerivativesQuery, DerivativesQueryVariables>;
export const HealthDocument = {"__meta__":{"hash":"sha256:23a0f527134144a719cc9835744267aa62873a64b870e5f5844346adb7e16e97"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Health"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"health"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"isSimulated"}},{"kind":"Field","name":{"kind":"Name","value":"sources"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"consecutiveFailures"}},{"kind":"Field","name":{"kind":"Name","value":"retryAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"quota"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"remaining"}},{"kind":"Field","name":{"kind":"Name","value":"resetAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"stream"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"isConnected"}},{"kind":"Field","name":{"kind":"Name","value":"messagesPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"reconnectsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"gapsTotal"}},{"kind":"Field","name":{"kind":"Name","value":"malformedTotal"}},{"kind":"Field","name":{"kind":"Name","value":"venueLatency"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"p50Ms"}},{"kind":"Field","name":{"kind":"Name","value":"p99Ms"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"cache"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"driver"}},{"kind":"Field","name":{"kind":"Name","value":"isConnected"}},{"kind":"Field","name":{"kind":"Name","value":"hitRate"}},{"kind":"Field","name":{"kind":"Name","value":"classes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"ttlSeconds"}},{"kind":"Field","name":{"kind":"Name","value":"hitRate"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"snapshots"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"isEnabled"}},{"kind":"Field","name":{"kind":"Name","value":"retentionHours"}},{"kind":"Field","name":{"kind":"Name","value":"writtenTotal"}},{"kind":"Field","name":{"kind":"Name","value":"oldest"}}]}},{"kind":"Field","name":{"kind":"Name","value":"reconciliation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"p99Ms"}}]}}]}}]}}]} as unknown as DocumentNode<HealthQuery, HealthQueryVariables>;
export const LadderDocument = {"__meta__":{"hash":"sha256:1b74c6cc42e54e212e74fd155044210847d9538424f0c2909bb99aa81fa01751"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Ladder"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"venue"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Venue"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"depth"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"book"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}},{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venue"}}},{"kind":"Argument","name":{"kind":"Name","value":"depth"},"value":{"kind":"Variable","name":{"kind":"Name","value":"depth"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"bids"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}},{"kind":"Field","name":{"kind":"Name","value":"asks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}},{"kind":"Field","name":{"kind":"Name","value":"mid"}},{"kind":"Field","name":{"kind":"Name","value":"spread"}},{"kind":"Field","name":{"kind":"Name","value":"spreadBps"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"tier"}}]}}]}}]}}]} as unknown as DocumentNode<LadderQuery, LadderQueryVariables>;
export const LiquidityDocument = {"__meta__":{"hash":"sha256:8aed1aee5a988291f4ee62b16e16f430603bcfecbb25b6c139c4b36e411ae998"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Liquidity"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"venue"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Venue"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"withinPercent"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Float"}}},"defaultValue":{"kind":"IntValue","value":"2"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"market"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"liquidity"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venue"}}},{"kind":"Argument","name":{"kind":"Name","value":"withinPercent"},"value":{"kind":"Variable","name":{"kind":"Name","value":"withinPercent"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"mid"}},{"kind":"Field","name":{"kind":"Name","value":"spreadBps"}},{"kind":"Field","name":{"kind":"Name","value":"bidDepth"}},{"kind":"Field","name":{"kind":"Name","value":"askDepth"}},{"kind":"Field","name":{"kind":"Name","value":"balance"}},{"kind":"Field","name":{"kind":"Name","value":"isComplete"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"vadr"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venue"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"isFrozen"}},{"kind":"Field","name":{"kind":"Name","value":"hours"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}}]}}]}}]}}]}}]} as unknown as DocumentNode<LiquidityQuery, LiquidityQueryVariables>;
export const LiveBarsDocument = {"__meta__":{"hash":"sha256:25428e1ee51f7edca68795f44e4c7ca453af6d1a11d08a4098ea504a03982eeb"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LiveBars"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"interval"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Interval"}}},"defaultValue":{"kind":"EnumValue","value":"M1"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"venues"}},"type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Venue"}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bars"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbols"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}}},{"kind":"Argument","name":{"kind":"Name","value":"interval"},"value":{"kind":"Variable","name":{"kind":"Name","value":"interval"}}},{"kind":"Argument","name":{"kind":"Name","value":"venues"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venues"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"interval"}},{"kind":"Field","name":{"kind":"Name","value":"openTime"}},{"kind":"Field","name":{"kind":"Name","value":"open"}},{"kind":"Field","name":{"kind":"Name","value":"high"}},{"kind":"Field","name":{"kind":"Name","value":"low"}},{"kind":"Field","name":{"kind":"Name","value":"close"}},{"kind":"Field","name":{"kind":"Name","value":"volume"}},{"kind":"Field","name":{"kind":"Name","value":"isClosed"}}]}}]}}]} as unknown as DocumentNode<LiveBarsSubscription, LiveBarsSubscriptionVariables>;
export const LiveHealthDocument = {"__meta__":{"hash":"sha256:e4a0fdcd8491537e846bfcd65528335c80d360893589bd1f3748f214b22c11f8"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LiveHealth"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"health"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"sources"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}}]}},{"kind":"Field","name":{"kind":"Name","value":"stream"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"isConnected"}},{"kind":"Field","name":{"kind":"Name","value":"messagesPerSecond"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"cache"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hitRate"}}]}}]}}]}}]} as unknown as DocumentNode<LiveHealthSubscription, LiveHealthSubscriptionVariables>;
export const LiveLadderDocument = {"__meta__":{"hash":"sha256:7f48c565676245ecb95bf55d9ec06d96590ea30f0cc188cb6b020fc43c53a338"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LiveLadder"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"venue"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Venue"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"depth"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"20"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"maxRate"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Float"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"book"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}},{"kind":"Argument","name":{"kind":"Name","value":"venue"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venue"}}},{"kind":"Argument","name":{"kind":"Name","value":"depth"},"value":{"kind":"Variable","name":{"kind":"Name","value":"depth"}}},{"kind":"Argument","name":{"kind":"Name","value":"maxRate"},"value":{"kind":"Variable","name":{"kind":"Name","value":"maxRate"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"bids"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}},{"kind":"Field","name":{"kind":"Name","value":"asks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}}]}},{"kind":"Field","name":{"kind":"Name","value":"mid"}},{"kind":"Field","name":{"kind":"Name","value":"spreadBps"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"receivedAt"}}]}}]}}]}}]} as unknown as DocumentNode<LiveLadderSubscription, LiveLadderSubscriptionVariables>;
export const LivePricesDocument = {"__meta__":{"hash":"sha256:056a06ff75b21b351924f3c8bb992602f578b45774ce1926686d52f7dc1c62ec"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LivePrices"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"maxRate"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Float"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"prices"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbols"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}}},{"kind":"Argument","name":{"kind":"Name","value":"maxRate"},"value":{"kind":"Variable","name":{"kind":"Name","value":"maxRate"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"confidence"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"reconciliation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"verdict"}},{"kind":"Field","name":{"kind":"Name","value":"dropped"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<LivePricesSubscription, LivePricesSubscriptionVariables>;
export const LiveTradesDocument = {"__meta__":{"hash":"sha256:a285c6ebd5056c46bc42dc54621d8effa0c2093968b7de386a9bbec17c4d20f2"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"LiveTrades"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"venues"}},"type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Venue"}}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"trades"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbols"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}}},{"kind":"Argument","name":{"kind":"Name","value":"venues"},"value":{"kind":"Variable","name":{"kind":"Name","value":"venues"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"venue"}},{"kind":"Field","name":{"kind":"Name","value":"price"}},{"kind":"Field","name":{"kind":"Name","value":"size"}},{"kind":"Field","name":{"kind":"Name","value":"takerSide"}},{"kind":"Field","name":{"kind":"Name","value":"executedAt"}},{"kind":"Field","name":{"kind":"Name","value":"sequence"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]}}]} as unknown as DocumentNode<LiveTradesSubscription, LiveTradesSubscriptionVariables>;
export const RecordDocument = {"__meta__":{"hash":"sha256:0f9fe00814162c51d0b18a12c9332514442d549eddab5da0ca90a1c78c2e6f2d"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Record"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"snapshot"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"takenAt"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"body"}}]}}]}}]} as unknown as DocumentNode<RecordQuery, RecordQueryVariables>;
export const TimeTravelDocument = {"__meta__":{"hash":"sha256:f672efedcc71ca0cc073d697a132b6461b654f9be536f54c27232012da747961"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"TimeTravel"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"asOf"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"market"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}},{"kind":"Argument","name":{"kind":"Name","value":"asOf"},"value":{"kind":"Variable","name":{"kind":"Name","value":"asOf"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"price"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}},{"kind":"Field","name":{"kind":"Name","value":"snapshot"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"takenAt"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<TimeTravelQuery, TimeTravelQueryVariables>;
export const WatchlistDocument = {"__meta__":{"hash":"sha256:5fe08975f57e6ddaa0b2cb73c527170d48e92533f2b12265cfec9f32b967aa99"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Watchlist"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"markets"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbols"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbols"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"base"}},{"kind":"Field","name":{"kind":"Name","value":"quote"}},{"kind":"Field","name":{"kind":"Name","value":"price"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"reconciliation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"verdict"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"confidence"}},{"kind":"Field","name":{"kind":"Name","value":"sources"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}},{"kind":"Field","name":{"kind":"Name","value":"cache"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"volume24h"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"unit"}}]}}]}}]}}]} as unknown as DocumentNode<WatchlistQuery, WatchlistQueryVariables>;
export const WhyThisPriceDocument = {"__meta__":{"hash":"sha256:402e00320ec108dcfd5045c013b3eeedd30b685a7e20dfff5d2f28bf7d1ff5c5"},"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"WhyThisPrice"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Symbol"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"market"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"symbol"},"value":{"kind":"Variable","name":{"kind":"Name","value":"symbol"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"listings"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"spelling"}}]}},{"kind":"Field","name":{"kind":"Name","value":"price"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"attribution"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"authority"}},{"kind":"Field","name":{"kind":"Name","value":"sources"}},{"kind":"Field","name":{"kind":"Name","value":"confidence"}},{"kind":"Field","name":{"kind":"Name","value":"tier"}},{"kind":"Field","name":{"kind":"Name","value":"text"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}},{"kind":"Field","name":{"kind":"Name","value":"receivedAt"}},{"kind":"Field","name":{"kind":"Name","value":"cache"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"cachedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"ttlSeconds"}}]}},{"kind":"Field","name":{"kind":"Name","value":"snapshot"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"takenAt"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"reconciliation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"verdict"}},{"kind":"Field","name":{"kind":"Name","value":"method"}},{"kind":"Field","name":{"kind":"Name","value":"median"}},{"kind":"Field","name":{"kind":"Name","value":"used"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"deviationPercent"}},{"kind":"Field","name":{"kind":"Name","value":"observedAt"}},{"kind":"Field","name":{"kind":"Name","value":"conversion"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"symbol"}},{"kind":"Field","name":{"kind":"Name","value":"rate"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"dropped"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"deviationPercent"}}]}},{"kind":"Field","name":{"kind":"Name","value":"policy"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"maxDeviationPercent"}},{"kind":"Field","name":{"kind":"Name","value":"minSources"}},{"kind":"Field","name":{"kind":"Name","value":"minConfidence"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<WhyThisPriceQuery, WhyThisPriceQueryVariables>;
