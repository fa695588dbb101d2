/**
 * Books asked for once. A streamed book is answered as it stands, whatever its state; a market nobody streams
 * is fetched whole. Never from an aggregator, never past its time.
 */
import type { Book, ConsolidatedBook } from '../../domain/answer.ts'
import type { DropReason, Instant } from '../../domain/attribution.ts'
import { consolidate } from '../../domain/consolidate.ts'
import { answered, refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { SOURCE_NAMES } from '../../domain/market.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { consolidatedBookText } from '../../domain/text.ts'
import type { Failure, Reading } from '../../wire/request.ts'
import type { Recorded, SnapshotItem } from '../snapshots.ts'
import { RECORDED_LEVELS, bookSubject, recordOf, recordedBook } from './book-record.ts'
import type { BookRecord } from './book-record.ts'
import { unavailable } from './decided.ts'
import type { Depths, Market } from './depths.ts'
import type { WarmParts } from './parts.ts'
import { createPast } from './past.ts'

export interface Books {
  present(
    symbol: MarketSymbol,
    venue: Venue | null,
    depth: number,
    signal?: AbortSignal,
  ): Promise<Outcome<Book>>
  past(symbol: MarketSymbol, venue: Venue | null, depth: number, asOf: Instant): Promise<Outcome<Book>>
  consolidated(
    symbol: MarketSymbol,
    venues: readonly Venue[],
    depth: number,
    signal?: AbortSignal,
  ): Promise<Outcome<ConsolidatedBook>>
  /** Records every hot book that is in step. */
  recordHot(): void
}

export function createBooks(parts: WarmParts, depths: Depths, allowed: readonly Venue[]): Books {
  const { clock, universe, hot, snapshots } = parts
  const cuts = new WeakMap<Book, Map<number, Book>>()

  const isStreamed = (symbol: MarketSymbol, venue: Venue): boolean =>
    hot.mids(symbol).some((each) => each.venue === venue)

  const cut = (book: Book, depth: number): Book => {
    if (book.bids.length <= depth && book.asks.length <= depth) return book
    const known = cuts.get(book) ?? new Map<number, Book>()
    cuts.set(book, known)
    const view = known.get(depth) ?? {
      ...book,
      bids: book.bids.slice(0, depth),
      asks: book.asks.slice(0, depth),
    }
    known.set(depth, view)
    return view
  }

  const marketsOf = (symbol: MarketSymbol, venues: readonly Venue[]): readonly Market[] =>
    venues.flatMap((venue) => {
      const listing = universe.listingAt(symbol, venue)
      return listing === null ? [] : [{ symbol, venue, listing }]
    })

  const settled = async (venues: readonly Venue[]): Promise<void> => {
    const unknown = venues.filter((venue) => !universe.isKnown(venue))
    if (unknown.length > 0) await universe.settled(unknown)
  }

  const unlisted = (symbol: MarketSymbol, venues: readonly Venue[]): Outcome<never> => {
    const names = venues.map((venue) => SOURCE_NAMES[venue]).join(', ')
    return venues.every((venue) => universe.isKnown(venue))
      ? refused('NOT_LISTED', `${symbol} has no book at ${names}.`)
      : unavailable(`the book of ${symbol}: the markets of ${names} are not all known yet.`, [], clock.now())
  }

  const records = createPast(snapshots, ({ ref, record }: Recorded) => {
    const known = new Map<number, Book>()
    return (depth: number): Book => {
      const view = known.get(depth) ?? recordedBook(record.symbol, record.answer as BookRecord, depth, ref)
      known.set(depth, view)
      return view
    }
  })

  /** What each venue has to give to a merged book, or why nothing. */
  const standing = async (
    symbol: MarketSymbol,
    venues: readonly Venue[],
    depth: number,
    signal: AbortSignal | undefined,
  ): Promise<ReadonlyMap<Venue, Book | DropReason>> => {
    await settled(venues)
    const found = new Map<Venue, Book | DropReason>()
    const rest: Market[] = []
    for (const venue of venues) {
      const book = hot.liveBook(symbol, venue, depth)
      const [market] = marketsOf(symbol, [venue])
      if (book !== null) found.set(venue, book)
      else if (isStreamed(symbol, venue)) found.set(venue, 'STALE')
      else if (market !== undefined) rest.push(market)
      else found.set(venue, universe.isKnown(venue) ? 'NOT_LISTED' : 'UNAVAILABLE')
    }
    const answers = await depths.read(rest, signal)
    for (const [index, { venue }] of rest.entries()) {
      const answer = answers[index] as Reading<Book>
      found.set(venue, answer.ok ? answer.value : answer.failure.reason)
    }
    return found
  }

  return {
    async present(symbol, venue, depth, signal) {
      const venues = venue === null ? allowed : [venue]
      for (const each of venues) {
        const live = hot.liveBook(symbol, each, depth)
        if (live !== null) return answered(live)
      }
      await settled(venues)
      const markets = marketsOf(symbol, venues)
      if (markets.length === 0) return unlisted(symbol, venues)
      const failures: Failure[] = []
      for (const market of markets) {
        const [book] = await depths.read([market], signal)
        if (book?.ok) return answered(cut(book.value, depth))
        if (book !== undefined) failures.push(book.failure)
      }
      return unavailable(`the book of ${symbol}.`, failures, clock.now())
    },
    async past(symbol, venue, depth, asOf) {
      const venues = venue === null ? allowed : [venue]
      const outcomes = await records.read(
        venues.map((each) => ({ subject: bookSubject(symbol, each), at: asOf })),
      )
      const first = outcomes.find(({ ok }) => ok) ?? outcomes[0]
      if (first === undefined) return unlisted(symbol, venues)
      return first.ok ? answered(first.value(Math.min(depth, RECORDED_LEVELS))) : first
    },
    async consolidated(symbol, venues, depth, signal) {
      const found = await standing(symbol, venues, depth, signal)
      const books = [...found.values()].filter((each) => typeof each !== 'string')
      const excluded = [...found].flatMap(([venue, reason]) =>
        typeof reason === 'string' ? [{ venue, reason }] : [],
      )
      if (excluded.length === venues.length && excluded.every(({ reason }) => reason === 'NOT_LISTED')) {
        return unlisted(symbol, venues)
      }
      return answered(merged(symbol, books, excluded, depth, clock.now()))
    },
    recordHot() {
      const items: SnapshotItem[] = []
      for (const book of hot.hotBooks()) {
        items.push(recordOf(book, { tier: 'HOT', receivedAt: book.attribution.receivedAt }))
      }
      if (items.length > 0) snapshots.record(items)
    },
  }
}

function merged(
  symbol: MarketSymbol,
  books: readonly Book[],
  excluded: ConsolidatedBook['excluded'],
  depth: number,
  now: Instant,
): ConsolidatedBook {
  const venues = books.map(({ venue }) => venue)
  const times = books.map(({ attribution }) => attribution)
  return {
    symbol,
    ...consolidate(books, depth),
    venues,
    excluded,
    attribution: {
      authority: 'EXCHANGE_NATIVE',
      sources: venues,
      confidence: books.length === 0 ? 0 : 1,
      tier: times.some(({ tier }) => tier === 'WARM') ? 'WARM' : 'HOT',
      text: consolidatedBookText({ venues, excluded }),
      observedAt: times.length === 0 ? now : Math.min(...times.map(({ observedAt }) => observedAt)),
      receivedAt: times.length === 0 ? now : Math.max(...times.map(({ receivedAt }) => receivedAt)),
      cache: null,
      snapshot: null,
    },
  }
}
