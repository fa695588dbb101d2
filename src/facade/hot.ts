/**
 * The hot tier: everything that streams, and what stands in the live books now. One stream per venue, shared
 * by all readers; hot symbols always flow, others while somebody wants them.
 */
import type { Book, ConsolidatedBook, FeedState, StreamHealth } from '../domain/answer.ts'
import type { Decimal, Instant, Price } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import { answered } from '../domain/errors.ts'
import type { Outcome } from '../domain/errors.ts'
import type { Channel } from '../domain/event.ts'
import type { MarketSymbol, Venue } from '../domain/market.ts'
import type { Endpoints, VenueSource } from '../sources/source.ts'
import type { Transport } from '../wire/http.ts'
import type { Hot, Universe } from './facade.ts'
import { checkBook, checkDepth, checkMarkets } from './hot/admission.ts'
import type { Admission } from './hot/admission.ts'
import { createTapeOrder } from './hot/cursor.ts'
import { mergeBooks } from './hot/merged-book.ts'
import type { MergedPart } from './hot/merged-book.ts'
import { createPrices } from './hot/prices.ts'
import { createStreams } from './hot/streams.ts'
import { createTurn } from './hot/turn.ts'
import type { VenueMarket } from './hot/venue-market.ts'
import { VenueStream } from './hot/venue-stream.ts'
import type { Logger } from './hot/logger.ts'

export interface HotParts {
  /** Those allowed to speak for microstructure and switched on, most trusted first. */
  readonly venues: readonly VenueSource[]
  readonly endpoints: (venue: Venue) => Endpoints
  readonly universe: Universe & {
    isKnown?(venue: Venue): boolean
    /** Symbols another one is priced through. */
    proxies?(symbol: MarketSymbol): readonly MarketSymbol[]
  }
  readonly transport: (venue: Venue) => Pick<Transport, 'send'>
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly hotSymbols: readonly MarketSymbol[]
  readonly logger: Logger
  /** The reconciled price as it stands now; null while nothing is known. */
  readonly reconcilePrice: (symbol: MarketSymbol) => Price | null
  readonly lingerMs?: number
  readonly tapeCapacity?: number
  /** Runs at the end of this turn of the event loop. */
  readonly defer?: (run: () => void) => void
}

export interface Mid {
  readonly venue: Venue
  readonly mid: Decimal | null
  readonly state: FeedState
  readonly observedAt: Instant
  readonly receivedAt: Instant
}

export interface HotTier extends Hot {
  start(): void
  stop(): void
  /** The book as it stands, every level unless `depth` is named; null unless it is LIVE. Asking opens no stream. */
  liveBook(symbol: MarketSymbol, venue: Venue, depth?: number): Book | null
  /** Asks for these books and resolves once all are LIVE, or after `withinMs`. */
  whenLive(symbol: MarketSymbol, venues: readonly Venue[], withinMs: number): Promise<void>
  consolidated(
    symbol: MarketSymbol,
    depth: number,
    venues: readonly Venue[] | null,
  ): Outcome<ConsolidatedBook>
  /** Of every venue that lists the symbol and whose book is followed, in whatever state. */
  mids(symbol: MarketSymbol): readonly Mid[]
  /** A mid or the state of a book changed; called at most once per turn of the event loop and book. */
  onMid(symbol: MarketSymbol, listener: () => void): () => void
  /** Something else the price depends on changed. */
  priceMoved(symbol: MarketSymbol): void
  streamHealth(venue: Venue): StreamHealth | null
  /** Why a venue's stream is not well; null when it is. */
  streamReason(venue: Venue): string | null
  onHealthChange(listener: () => void): () => void
  /** Live books of the hot symbols, for the record. */
  bookSnapshots(depth?: number): Iterable<Book>
  noteServed(venue: Venue, receivedAt: Instant): void
  /** A venue's list of markets arrived or grew. Found out by itself within a second, too. */
  listingsChanged(): void
  /** Open readers and upstream subscriptions, and the trades held for resumes: for tests of leaks. */
  counts(): {
    readonly lanes: number
    readonly connections: number
    readonly readers: number
    readonly trades: number
  }
  /** What a venue's stream did that health has no word for; null without one. */
  streamCounts(venue: Venue): StreamCounters | null
}

export interface StreamCounters {
  /** Subscriptions the venue said no to. */
  readonly refusals: number
  /** Channels asked for anew, because a book or an answer did not come. */
  readonly resubscriptions: number
  /** Minutes wholly watched in which the venue's own closed candle was not ours; its candle was taken. */
  readonly barDifferences: number
  /** Trades known to be missed for good: holes in `sequence`. */
  readonly lostTrades: number
}

const LINGER_MS = 60_000
const TAPE_CAPACITY = 10_000
const LOOK_EVERY_MS = 250
const ALL_CHANNELS: readonly Channel[] = ['book', 'trades', 'candle']

export function createHot(parts: HotParts): HotTier {
  const { clock, universe, random, reconcilePrice } = parts
  const turn = createTurn(parts.defer ?? ((run) => void setImmediate(run)))
  const epoch = clock.now().toString(36) + Math.floor(random() * 36 ** 4).toString(36)
  const order = createTapeOrder(epoch)
  const prices = createPrices({ clock, reconcilePrice })
  const healthListeners = new Set<() => void>()
  const changed = () => {
    for (const listener of healthListeners) listener()
  }
  const streams = new Map<Venue, VenueStream>(
    parts.venues.map((source) => [
      source.id,
      new VenueStream({
        source,
        endpoints: parts.endpoints(source.id),
        universe,
        transport: parts.transport(source.id),
        clock,
        random,
        turn,
        order,
        logger: parts.logger,
        changed,
        lingerMs: parts.lingerMs ?? LINGER_MS,
        tapeCapacity: parts.tapeCapacity ?? TAPE_CAPACITY,
      }),
    ]),
  )
  const admission: Admission = {
    universe,
    venues: [...streams.keys()],
    isKnown: (venue) =>
      universe.isKnown?.(venue) ??
      universe.symbols.some((symbol) => universe.listingAt(symbol, venue) !== null),
  }
  const releases: (() => void)[] = []
  let stopLooking: (() => void) | null = null

  const marketAt = (venue: Venue, symbol: MarketSymbol): VenueMarket => {
    const stream = streams.get(venue)
    if (stream === undefined) throw new Error(`no stream of ${venue}`)
    return stream.market(symbol)
  }

  const marketsOf = (symbols: readonly MarketSymbol[], venues: readonly Venue[]): readonly VenueMarket[] =>
    [...new Set(symbols)].flatMap((symbol) =>
      venues
        .filter((venue) => universe.listingAt(symbol, venue) !== null || !admission.isKnown(venue))
        .map((venue) => marketAt(venue, symbol)),
    )

  const mergedParts = (symbol: MarketSymbol, venues: readonly Venue[]): readonly MergedPart[] =>
    venues.map((venue) => ({
      venue,
      book: marketAt(venue, symbol).book,
      isListed: () => universe.listingAt(symbol, venue) !== null,
    }))

  const look = (): void => {
    for (const stream of streams.values()) {
      stream.listingsChanged()
      stream.look()
    }
  }

  const proxiesOf = (symbol: MarketSymbol) => universe.proxies?.(symbol) ?? []

  return {
    ...createStreams({ admission, clock, turn, order, prices, marketAt, marketsOf, mergedParts, proxiesOf }),

    start() {
      for (const market of marketsOf(parts.hotSymbols, admission.venues)) {
        releases.push(market.want(...ALL_CHANNELS))
      }
      stopLooking ??= clock.every(LOOK_EVERY_MS, look)
    },

    stop() {
      stopLooking?.()
      stopLooking = null
      prices.close()
      for (const stream of streams.values()) stream.close()
    },

    liveBook(symbol, venue, depth = Number.POSITIVE_INFINITY) {
      if (checkBook(admission, symbol, venue) !== null) return null
      const market = marketAt(venue, symbol)
      return market.book.state === 'LIVE' ? market.book.current(depth) : null
    },

    async whenLive(symbol, venues, withinMs) {
      const markets = marketsOf(
        [symbol],
        venues.filter((venue) => streams.has(venue)),
      )
      await Promise.all(markets.map((market) => whenLive(market, withinMs, clock)))
    },

    consolidated(symbol, depth, venues) {
      const checked = checkMarkets(admission, [symbol], venues)
      if (!checked.ok) return checked
      const refusal = checkDepth(depth)
      if (refusal !== null) return refusal
      const now = () => clock.now()
      return answered(mergeBooks({ symbol, depth, parts: mergedParts(symbol, checked.value), now }))
    },

    mids: (symbol) =>
      marketsOf([symbol], admission.venues)
        .filter((market) => market.isWanted('book'))
        .map(({ source, book }) => ({
          venue: source.id,
          mid: book.state === 'LIVE' ? book.mid : null,
          state: book.state,
          observedAt: book.observedAt,
          receivedAt: book.receivedAt,
        })),

    onMid(symbol, listener) {
      const stops = marketsOf([symbol], admission.venues).map(({ book }) => book.watch(listener))
      return () => {
        for (const stop of stops) stop()
      }
    },

    priceMoved: (symbol) => prices.moved(symbol),
    streamHealth: (venue) => streams.get(venue)?.health() ?? null,
    streamReason: (venue) => streams.get(venue)?.reason ?? null,

    onHealthChange(listener) {
      healthListeners.add(listener)
      return () => void healthListeners.delete(listener)
    },

    *bookSnapshots(depth = Number.POSITIVE_INFINITY) {
      for (const { book } of marketsOf(parts.hotSymbols, admission.venues)) {
        if (book.state === 'LIVE') yield book.current(depth)
      }
    },

    noteServed(venue, receivedAt) {
      streams.get(venue)?.noteServed(clock.now() - receivedAt)
    },

    listingsChanged() {
      for (const stream of streams.values()) stream.listingsChanged()
    },

    counts() {
      let lanes = 0
      let connections = 0
      let trades = 0
      let readers = prices.readers + healthListeners.size
      for (const stream of streams.values()) {
        lanes += stream.lanes
        connections += stream.connections
        for (const market of stream.markets) {
          readers += market.book.readers + market.bars.readers + market.trades.topic.readers
          trades += market.trades.tape?.held ?? 0
        }
      }
      return { lanes, connections, readers, trades }
    },

    streamCounts: (venue) => streams.get(venue)?.counters() ?? null,
  }
}

function whenLive(market: VenueMarket, withinMs: number, clock: Clock): Promise<void> {
  const release = market.want('book')
  return new Promise((resolve) => {
    const done = () => {
      unwatch()
      cancel()
      release()
      resolve()
    }
    const unwatch = market.book.watch(() => {
      if (market.book.state === 'LIVE') done()
    })
    const cancel = clock.after(withinMs, done)
    if (market.book.state === 'LIVE') done()
  })
}
