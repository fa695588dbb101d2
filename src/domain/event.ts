/**
 * What a venue's stream says, in our words. `decode` of every venue turns one wire frame into these;
 * nothing past the adapter knows a venue's spelling of anything. Decimals are the frame's own digits,
 * sizes are absolute (size zero deletes the level), `takerSide` is always the aggressor's.
 */
import type { Decimal, Instant } from './attribution.ts'
import type { Interval } from './market.ts'

/** `[price, size]` in the venue's digits. A size whose value is zero deletes the level. */
export type LevelChange = readonly [price: Decimal, size: Decimal]

export interface BookSnapshotEvent {
  readonly kind: 'bookSnapshot'
  readonly spelling: string
  /** In the venue's order; not necessarily sorted. */
  readonly bids: readonly LevelChange[]
  readonly asks: readonly LevelChange[]
  /** The venue's sequence marker the book now stands at; null where it has none. */
  readonly sequence: number | null
  /** The venue's checksum over the book after this frame; null where it sends none. */
  readonly checksum: number | null
  /** Levels a side the venue keeps us in step with from here on, where the frame shows it; absent: as its dance says. */
  readonly depth?: number
  readonly observedAt: Instant | null
}

export interface BookDeltaEvent {
  readonly kind: 'bookDelta'
  readonly spelling: string
  readonly bids: readonly LevelChange[]
  readonly asks: readonly LevelChange[]
  /** First and last update id in this frame (Binance `U`, `u`), or the chained id alone in `last`. */
  readonly first: number | null
  readonly last: number | null
  /** The id this frame follows (OKX `prevSeqId`, Binance futures `pu`). */
  readonly previous: number | null
  readonly checksum: number | null
  readonly observedAt: Instant | null
}

export interface TradeEvent {
  readonly kind: 'trade'
  readonly spelling: string
  readonly id: string
  readonly price: Decimal
  readonly size: Decimal
  readonly takerSide: 'BUY' | 'SELL'
  readonly executedAt: Instant
  /** How many of the venue's ids end in this one, where it tells several fills as one trade; absent: its own alone. */
  readonly fills?: number
  /** True for the old trades a venue sends on subscribing: gap filler, to be de-duplicated by id, never news. */
  readonly isBackfill: boolean
}

/** The venue's own candle. Volume in base units. */
export interface CandleEvent {
  readonly kind: 'candle'
  readonly spelling: string
  readonly interval: Interval
  readonly openTime: Instant
  readonly open: Decimal
  readonly high: Decimal
  readonly low: Decimal
  readonly close: Decimal
  readonly volume: Decimal
  /** Null where the venue does not say; then a newer openTime closes it. */
  readonly isClosed: boolean | null
}

/** A subscription was accepted. `spelling` null where the venue acknowledges a whole request at once. */
export interface AcknowledgedEvent {
  readonly kind: 'acknowledged'
  readonly channel: Channel | null
  readonly spelling: string | null
}

export interface RefusedEvent {
  readonly kind: 'refused'
  readonly channel: Channel | null
  readonly spelling: string | null
  readonly reason: string
}

/** Proves the connection, not the market. */
export interface HeartbeatEvent {
  readonly kind: 'heartbeat'
}

/** The venue is about to hang up: move to a new connection now. */
export interface ClosingEvent {
  readonly kind: 'closing'
  readonly reason: string
}

export type MarketEvent =
  | BookSnapshotEvent
  | BookDeltaEvent
  | TradeEvent
  | CandleEvent
  | AcknowledgedEvent
  | RefusedEvent
  | HeartbeatEvent
  | ClosingEvent

/** What a reader of one market may want from a venue's stream. `candle` is always the venue's one-minute candle. */
export type Channel = 'book' | 'trades' | 'candle'

/** One wire frame, understood or not. `sequence` is the connection-wide counter where the venue has one. */
export type Decoded =
  | { readonly events: readonly MarketEvent[]; readonly sequence: number | null }
  | { readonly malformed: string }
