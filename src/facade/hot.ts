/**
 * The hot tier: everything that streams. Says who may ask for what before anything flows, and puts readers
 * of several markets on several feeds. The venues' streams behind it are shared by all readers.
 */
import type { Bar, Book, BookChange, ConsolidatedBook, StreamHealth, Trade } from '../domain/answer.ts'
import type { Decimal, Instant, Price, PriceUpdate } from '../domain/attribution.ts'
import type { FeedState } from '../domain/answer.ts'
import type { Clock } from '../domain/clock.ts'
import { answered } from '../domain/errors.ts'
import type { Outcome } from '../domain/errors.ts'
import type { Channel } from '../domain/event.ts'
import type { MarketSymbol, Venue } from '../domain/market.ts'
import type { Endpoints, VenueSource } from '../sources/source.ts'
import type { Transport } from '../wire/http.ts'
import type { Hot, HotEvent, Universe } from './facade.ts'
import type { Feed } from './feed.ts'
import { checkBook, checkDepth, checkMarkets, checkRate, checkSymbols } from './hot/admission.ts'
import type { Admission } from './hot/admission.ts'
import { createTapeOrder } from './hot/cursor.ts'
import { mapFeed, mergeFeeds } from './hot/merge.ts'
import { mergeBooks, mergedFeed } from './hot/merged-book.ts'
import type { MergedPart } from './hot/merged-book.ts'
import { createPrices } from './hot/prices.ts'
import { resumeTrades } from './hot/resume.ts'
import { createTurn } from './hot/turn.ts'
import type { VenueMarket } from './hot/venue-market.ts'
import { VenueStream } from './hot/venue-stream.ts'
import type { Logger } from './hot/venue-stream.ts'
import { streamOf } from './stream.ts'

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
  /** Open readers and upstream subscriptions, for tests of leaks. */
  counts(): { readonly lanes: number; readonly connections: number; readonly readers: number }
}

const LINGER_MS = 60_000
const TAPE_CAPACITY = 10_000
const LOOK_EVERY_MS = 250
/** Depth of the books in `hotSubscribe`. */
const HOT_DEPTH = 20
const TRADES_BACKLOG = { kind: 'every', capacity: 4_096 } as const
const DELTAS_BACKLOG = { kind: 'every', capacity: 1_024 } as const
const NEWEST = { kind: 'newest' } as const
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

  /** Books are followed for their mids while somebody reads prices. */
  const priceFeed = (symbol: MarketSymbol): Feed<PriceUpdate> => {
    const feed = prices.feed(symbol)
    const symbols = [symbol, ...(universe.proxies?.(symbol) ?? [])]
    const markets = marketsOf(symbols, admission.venues)
    return whileWanted(
      {
        open: (reader) => {
          const stops = markets.map(({ book }) => book.watch(() => prices.moved(symbol)))
          const close = feed.open(reader)
          return () => {
            for (const stop of stops) stop()
            close()
          }
        },
      },
      markets,
      ['book'],
    )
  }

  return {
    hotSubscribe(symbols) {
      const checked = checkMarkets(admission, symbols, null)
      if (!checked.ok) return checked
      const feeds = marketsOf(symbols, checked.value).map((market) => {
        const all: readonly Feed<HotEvent>[] = [
          mapFeed(market.trades.topic, (trade): HotEvent => ({ kind: 'trade', trade })),
          mapFeed(bookFeed(market, HOT_DEPTH), (book): HotEvent => ({ kind: 'book', book })),
          mapFeed(market.bars.topic('M1'), (bar): HotEvent => ({ kind: 'bar', bar })),
        ]
        return whileWanted(mergeFeeds(all), [market], ALL_CHANNELS)
      })
      return answered(streamOf({ feed: mergeFeeds(feeds), backlog: TRADES_BACKLOG, keyOf: hotKey }, clock))
    },

    trades({ symbols, venues, after }) {
      const checked = checkMarkets(admission, symbols, venues)
      if (!checked.ok) return checked
      const markets = marketsOf(symbols, checked.value)
      const feed = mergeFeeds(markets.map((market) => whileWanted(market.trades.topic, [market], ['trades'])))
      const keyOf = (trade: Trade) => `${trade.venue}:${trade.symbol}`
      if (after === null) return answered(streamOf({ feed, backlog: TRADES_BACKLOG, keyOf }, clock))
      const resume = () => resumeTrades(after, markets, order)
      const first = resume()
      if (!first.ok) return first
      return answered(
        streamOf({ feed, backlog: TRADES_BACKLOG, keyOf, resume: () => resumed(resume()) }, clock),
      )
    },

    book({ symbol, venue, depth, maxRate }) {
      const refusal = checkBook(admission, symbol, venue) ?? checkDepth(depth) ?? checkRate(maxRate)
      if (refusal !== null) return refusal
      const market = marketAt(venue, symbol)
      const feed = whileWanted(bookFeed(market, depth), [market], ['book'])
      const keyOf = (book: Book) => `${book.venue}:${book.symbol}`
      return answered(streamOf({ feed, backlog: NEWEST, keyOf, maxRate }, clock))
    },

    bookDeltas({ symbol, venue, depth, after }) {
      const refusal = checkBook(admission, symbol, venue) ?? checkDepth(depth)
      if (refusal !== null) return refusal
      const market = marketAt(venue, symbol)
      const feed = whileWanted<BookChange>(
        { open: (reader) => market.deltas(depth).topic.open(reader) },
        [market],
        ['book'],
      )
      const keyOf = (change: BookChange) => `${change.venue}:${change.symbol}`
      if (after === null) return answered(streamOf({ feed, backlog: DELTAS_BACKLOG, keyOf }, clock))
      const first = market.deltas(depth).since(after)
      if (!first.ok) return first
      const resume = () => {
        const rest = market.deltas(depth).since(after)
        if (!rest.ok) return null
        const { events, last } = rest.value
        return { events, isNew: (change: BookChange) => change.sequence > last }
      }
      return answered(streamOf({ feed, backlog: DELTAS_BACKLOG, keyOf, resume }, clock))
    },

    consolidatedBook({ symbol, depth, venues, maxRate }) {
      const checked = checkMarkets(admission, [symbol], venues)
      if (!checked.ok) return checked
      const refusal = checkDepth(depth) ?? checkRate(maxRate)
      if (refusal !== null) return refusal
      const now = () => clock.now()
      const feed = whileWanted(
        mergedFeed({ symbol, depth, parts: mergedParts(symbol, checked.value), now, turn }),
        marketsOf([symbol], checked.value),
        ['book'],
      )
      return answered(streamOf({ feed, backlog: NEWEST, keyOf: (book) => book.symbol, maxRate }, clock))
    },

    bars({ symbols, interval, venues }) {
      const checked = checkMarkets(admission, symbols, venues)
      if (!checked.ok) return checked
      const feed = mergeFeeds(
        marketsOf(symbols, checked.value).map((market) =>
          whileWanted<Bar>(market.bars.topic(interval), [market], ['trades', 'candle']),
        ),
      )
      // Only the newest state of one bar matters, but a closed bar never gives way to the next one.
      const keyOf = (bar: Bar) => `${bar.venue}:${bar.symbol}:${bar.openTime}`
      return answered(streamOf({ feed, backlog: NEWEST, keyOf }, clock))
    },

    prices({ symbols, maxRate }) {
      const refusal = checkSymbols(admission, symbols) ?? checkRate(maxRate)
      if (refusal !== null) return refusal
      const feed = mergeFeeds([...new Set(symbols)].map(priceFeed))
      return answered(streamOf({ feed, backlog: NEWEST, keyOf: (update) => update.symbol, maxRate }, clock))
    },

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
      let readers = prices.readers + healthListeners.size
      for (const stream of streams.values()) {
        lanes += stream.lanes
        connections += stream.connections
        for (const { book, bars, trades } of stream.markets) {
          readers += book.readers + bars.readers + trades.topic.readers
        }
      }
      return { lanes, connections, readers }
    },
  }
}

const bookFeed = (market: VenueMarket, depth: number): Feed<Book> => ({
  open: (reader) => market.book.view(depth).topic.open(reader),
})

/** Keeps the markets' channels flowing while a reader is there. */
function whileWanted<T>(
  feed: Feed<T>,
  markets: readonly VenueMarket[],
  channels: readonly Channel[],
): Feed<T> {
  return {
    open: (reader) => {
      const releases = markets.map((market) => market.want(...channels))
      const close = feed.open(reader)
      return () => {
        close()
        for (const release of releases) release()
      }
    },
  }
}

const hotKey = (event: HotEvent): string => {
  if (event.kind === 'trade') return `trade:${event.trade.venue}:${event.trade.symbol}`
  if (event.kind === 'book') return `book:${event.book.venue}:${event.book.symbol}`
  return `bar:${event.bar.venue}:${event.bar.symbol}`
}

function resumed<T>(outcome: Outcome<T>): T | null {
  return outcome.ok ? outcome.value : null
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
