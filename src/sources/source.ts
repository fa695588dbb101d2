/**
 * The two contracts an adapter file fulfils. An adapter is a value: facts about the source, and pure
 * functions that describe requests and translate frames. It opens no socket, holds no state and reads
 * no clock. An absent method means "this source cannot".
 *
 * Units everywhere: decimals are exact text in the source's digits; sizes and candle volumes are base
 * units; instants are epoch milliseconds.
 */
import type { Decimal, Instant } from '../domain/attribution.ts'
import type { BookDance } from '../domain/book-dance.ts'
import type { BookSnapshotEvent, Channel, Decoded } from '../domain/event.ts'
import type {
  Aggregator,
  DerivativesVenue,
  Interval,
  Listing,
  MarketSymbol,
  Perpetual,
  Source,
  Venue,
} from '../domain/market.ts'
import type { Request } from '../wire/request.ts'

/** One source's claim about one symbol. `price` is the mid of best bid and ask where the venue gives them, else last. */
export interface QuoteReading {
  readonly symbol: MarketSymbol
  readonly price: Decimal | null
  /** 24 h volume in `volumeUnit`. A venue's is its own market only; an aggregator's spans all venues. */
  readonly volume24h: Decimal | null
  /** Currency the volume counts: the quote for aggregators and venues that give it, else the base. */
  readonly volumeUnit: string
  /** When the source says it was true; null where it does not say. */
  readonly observedAt: Instant | null
}

/** One REST candle, volume in base units. */
export interface CandleReading {
  readonly openTime: Instant
  readonly open: Decimal
  readonly high: Decimal
  readonly low: Decimal
  readonly close: Decimal
  readonly volume: Decimal | null
}

export interface FundingReading {
  readonly symbol: MarketSymbol
  readonly instrument: string
  /** Fraction per interval. */
  readonly rate: Decimal
  readonly intervalHours: number
  readonly nextFundingAt: Instant | null
  readonly markPrice: Decimal | null
  readonly indexPrice: Decimal | null
  readonly observedAt: Instant
}

export interface OpenInterestReading {
  readonly symbol: MarketSymbol
  readonly instrument: string
  /** Base units, whatever the venue counts in. */
  readonly value: Decimal
  readonly observedAt: Instant
}

/** Half-open range of open times, both aligned to the interval: `from <= openTime < to`. */
export interface CandleRange {
  readonly from: Instant
  readonly to: Instant
  /** When this is asked, for sources that keep old candles under another path; absent means recent ones. */
  readonly now?: Instant
}

/** How much a source lets one address ask, in its own unit, before configuration narrows it. */
export interface Budget {
  readonly unitsPerMinute: number
  /** Reads what the source itself says it has counted in this window, from reply headers; null when it does not say. */
  readonly usedFrom?: (headers: Readonly<Record<string, string>>) => number | null
}

interface SourceFacts {
  readonly docs: string
  readonly budget: Budget
  /** Shipped base URLs, used when configuration names none. */
  readonly defaults: Endpoints
}

export interface Endpoints {
  readonly rest_url: string
  readonly futures_rest_url?: string
  readonly ws_url?: string
  readonly business_ws_url?: string
}

/** A group of markets answered by one request; the request's weight is the whole group's. */
export interface AggregatorSource extends SourceFacts {
  readonly id: Aggregator
  /** Shipped table from BASE to the source's coin id; configuration may extend it. USD quotes only. */
  readonly coins: Readonly<Record<string, string>>
  /** As few requests as the source allows for these listings (`spelling` is the coin id). */
  readonly quotes: (
    listings: readonly Listing[],
    options: { readonly apiKey?: string },
  ) => readonly Request<readonly QuoteReading[]>[]
}

export type { BookDance }

export interface Subscription {
  readonly channel: Channel
  readonly spelling: string
}

/** What keeps a link alive, and how long it may live. */
export interface LinkFacts {
  /** Text to send when nothing arrived for `everyMs`; absent where the venue pings or heartbeats by itself. */
  readonly keepalive?: { readonly everyMs: number; readonly frame: string }
  /** Nothing at all for this long means the link is dead. */
  readonly silenceMs: number
  /** Venue cuts the connection after this; we replace it before. Null where it names none. */
  readonly lifetimeMs: number | null
  readonly maxSubscriptionsPerConnection: number
  /** Frames we may send per second on one connection. */
  readonly sendsPerSecond: number
  /** Connection attempts allowed per minute and address. */
  readonly connectsPerMinute: number
  /** Largest frame a healthy venue sends, bytes: the socket's `maxPayload`. */
  readonly maxFrameBytes: number
}

export interface StreamFacts {
  readonly dance: BookDance
  /** The venue numbers the fills of a market +1 without gaps, so that a skipped id proves a lost trade. */
  readonly tradeIds?: 'dense'
  readonly link: LinkFacts
  /** Which configured URL carries a channel, and the path to hang on it. Channels that share both share a connection. */
  readonly route: (channel: Channel) => {
    readonly endpoint: 'ws_url' | 'business_ws_url'
    readonly path: string
  }
  /** Frames that ask for these, each within the venue's own message limits. `id` numbers the first frame. */
  readonly subscribe: (subscriptions: readonly Subscription[], id: number) => readonly string[]
  readonly unsubscribe: (subscriptions: readonly Subscription[], id: number) => readonly string[]
  /** Frames sent once after the socket opens (Coinbase: heartbeats). */
  readonly greet?: readonly string[]
  readonly decode: (frame: string) => Decoded
}

export interface VenueSource extends SourceFacts {
  readonly id: Venue
  readonly stream: StreamFacts
  /** The venue's own list of spot markets that trade. */
  readonly listings: () => Request<readonly Listing[]>
  /** As few requests as the venue allows for these. */
  readonly quotes: (listings: readonly Listing[]) => readonly Request<readonly QuoteReading[]>[]
  readonly candles: {
    readonly intervals: readonly Interval[]
    readonly maxPerRequest: number
    /** How many of the newest candles it serves at all; absent where it goes back to its beginning. */
    readonly reach?: number
    /** Oldest first, forming candle included when the range reaches it. `range` spans at most `maxPerRequest` candles. */
    readonly request: (
      listing: Listing,
      interval: Interval,
      range: CandleRange,
    ) => Request<readonly CandleReading[]>
  }
  /** One whole book over REST, for `rangeJoin` and for markets without a live book. Spelling of the event is the stream's. */
  readonly depth: (listing: Listing) => Request<BookSnapshotEvent>
  /** Recent trades over REST, oldest first, for filling the hole a reconnect leaves. `isBackfill` is true on each. */
  readonly recentTrades: (listing: Listing) => Request<readonly import('../domain/event.ts').TradeEvent[]>
  readonly derivatives?: DerivativesSource
}

export interface DerivativesSource {
  readonly id: DerivativesVenue
  readonly perpetuals: () => Request<readonly Perpetual[]>
  /** Each array of requests together answers all the given perpetuals. */
  readonly funding: (perpetuals: readonly Perpetual[]) => FundingRequests
  readonly openInterest: (
    perpetuals: readonly Perpetual[],
  ) => readonly Request<readonly OpenInterestReading[]>[]
}

/** Funding may need further tables, applied over the readings by instrument. */
export interface FundingRequests {
  readonly requests: readonly Request<readonly FundingReading[]>[]
  /** Instruments whose interval differs from the reading's; applied over the readings. */
  readonly intervals?: Request<ReadonlyMap<string, number>>
  /** Mark prices by instrument, where the funding table has none. Its failure costs the mark price only. */
  readonly marks?: Request<ReadonlyMap<string, Decimal>>
  /** Index prices by instrument, likewise. */
  readonly indices?: Request<ReadonlyMap<string, Decimal>>
}

export type AnySource = VenueSource | AggregatorSource
export type SourceOf = Source
