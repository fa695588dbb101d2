/**
 * What readers may open: says who may ask for what before anything flows, keeps the channels flowing while
 * a reader is there, and puts readers of several markets on several feeds.
 */
import type { Bar, Book, BookChange, Trade } from '../../domain/answer.ts'
import type { PriceUpdate } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import { answered } from '../../domain/errors.ts'
import type { FacadeError, Outcome } from '../../domain/errors.ts'
import type { Channel } from '../../domain/event.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import type { Hot, HotEvent } from '../facade.ts'
import type { Feed } from '../feed.ts'
import { streamOf } from '../stream.ts'
import type { Resume } from '../stream.ts'
import { checkBook, checkDepth, checkMarkets, checkRate, checkSymbols } from './admission.ts'
import type { Admission } from './admission.ts'
import type { TapeOrder } from './cursor.ts'
import { mapFeed, mergeFeeds } from './merge.ts'
import { mergedFeed } from './merged-book.ts'
import type { MergedPart } from './merged-book.ts'
import type { Prices } from './prices.ts'
import { resumeTrades } from './resume.ts'
import type { Turn } from './turn.ts'
import type { VenueMarket } from './venue-market.ts'

export interface StreamsParts {
  readonly admission: Admission
  readonly clock: Clock
  readonly turn: Turn
  readonly order: TapeOrder
  readonly prices: Prices
  readonly marketAt: (venue: Venue, symbol: MarketSymbol) => VenueMarket
  /** Every market of these symbols that these venues list, or may list. */
  readonly marketsOf: (symbols: readonly MarketSymbol[], venues: readonly Venue[]) => readonly VenueMarket[]
  readonly mergedParts: (symbol: MarketSymbol, venues: readonly Venue[]) => readonly MergedPart[]
  readonly proxiesOf: (symbol: MarketSymbol) => readonly MarketSymbol[]
}

/** Depth of the books in `hotSubscribe`. */
const HOT_DEPTH = 20
const TRADES_BACKLOG = { kind: 'every', capacity: 4_096 } as const
const DELTAS_BACKLOG = { kind: 'every', capacity: 1_024 } as const
const NEWEST = { kind: 'newest' } as const
const ALL_CHANNELS: readonly Channel[] = ['book', 'trades', 'candle']

export function createStreams(parts: StreamsParts): Hot {
  const { admission, clock, turn, order, prices, marketAt, marketsOf, mergedParts, proxiesOf } = parts

  /** Books are followed for their mids while somebody reads prices. */
  const priceFeed = (symbol: MarketSymbol): Feed<PriceUpdate> => {
    const feed = prices.feed(symbol)
    const symbols = [symbol, ...proxiesOf(symbol)]
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
      const rest = resumable(feed, () => resumeTrades(after, markets, order))
      return rest.ok ? answered(streamOf({ ...rest.value, backlog: TRADES_BACKLOG, keyOf }, clock)) : rest
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
      const rest = resumable(feed, () => changesBehind(market, depth, after))
      return rest.ok ? answered(streamOf({ ...rest.value, backlog: DELTAS_BACKLOG, keyOf }, clock)) : rest
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

function changesBehind(market: VenueMarket, depth: number, after: string): Outcome<Resume<BookChange>> {
  const rest = market.deltas(depth).since(after)
  if (!rest.ok) return rest
  const { events, last } = rest.value
  return answered({ events, isNew: (change) => change.sequence > last })
}

/** Refused now where the place is gone; where it goes before the reader opens, the reader is told and skips nothing. */
function resumable<T>(
  feed: Feed<T>,
  ask: () => Outcome<Resume<T>>,
): Outcome<{ readonly feed: Feed<T>; readonly resume: () => Resume<T> | null }> {
  const first = ask()
  if (!first.ok) return first
  let lost: FacadeError | null = null
  return answered({
    resume: () => {
      const rest = ask()
      lost = rest.ok ? null : rest.error
      return rest.ok ? rest.value : null
    },
    feed: {
      open: (reader) => {
        if (lost === null) return feed.open(reader)
        reader.end(lost)
        return () => undefined
      },
    },
  })
}
