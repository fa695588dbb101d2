/**
 * All venues' books of one symbol merged by price. A venue whose book is not in step is left out the moment
 * it is told so, and named with the reason.
 */
import type { ConsolidatedBook } from '../../domain/answer.ts'
import type { DropReason, Instant } from '../../domain/attribution.ts'
import type { BookTop } from '../../domain/book.ts'
import { consolidate } from '../../domain/consolidate.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { consolidatedBookText } from '../../domain/text.ts'
import type { Feed } from '../feed.ts'
import { topic } from '../stream.ts'
import type { BookKeeper } from './book-keeper.ts'
import type { Turn } from './turn.ts'

export interface MergedPart {
  readonly venue: Venue
  readonly book: BookKeeper
  readonly isListed: () => boolean
}

export interface MergedOptions {
  readonly symbol: MarketSymbol
  readonly depth: number
  readonly parts: readonly MergedPart[]
  readonly now: () => Instant
}

export function mergeBooks({ symbol, depth, parts, now }: MergedOptions): ConsolidatedBook {
  const live = parts.filter(({ book }) => book.state === 'LIVE')
  const tops = live.map(({ venue, book }) => ({ venue, ...book.top(depth) }))
  const { bids, asks, isCrossed } = consolidate(tops, depth)
  const venues = live.map(({ venue }) => venue)
  const excluded = parts
    .filter((part) => !live.includes(part))
    .map((part) => ({ venue: part.venue, reason: whyLeftOut(part) }))
  const observed = live.map(({ book }) => book.observedAt)
  return {
    symbol,
    bids,
    asks,
    venues,
    excluded,
    isCrossed,
    attribution: {
      authority: 'EXCHANGE_NATIVE',
      sources: venues,
      confidence: venues.length === 0 ? 0 : 1,
      tier: 'HOT',
      text: consolidatedBookText({ venues, excluded }),
      observedAt: observed.length === 0 ? now() : Math.min(...observed),
      receivedAt: observed.length === 0 ? now() : Math.max(...live.map(({ book }) => book.receivedAt)),
      cache: null,
      snapshot: null,
    },
  }
}

/** Told at the end of every turn in which one of the tops, or who is in, changed. */
export function mergedFeed(options: MergedOptions & { readonly turn: Turn }): Feed<ConsolidatedBook> {
  const { parts, depth, turn } = options
  let told: ConsolidatedBook | null = null
  let seen: readonly (BookTop | null)[] = []
  let unwatch: readonly (() => void)[] = []

  const refresh = (): boolean => {
    const tops = parts.map(({ book }) => (book.state === 'LIVE' ? book.top(depth) : null))
    if (told !== null && tops.every((top, index) => top === seen[index])) return false
    seen = tops
    told = mergeBooks(options)
    return true
  }
  const job = {
    isMarked: false,
    run: () => {
      if (readers.readers > 0 && refresh() && told !== null) readers.publish(told)
    },
  }
  const readers = topic<ConsolidatedBook>({
    present: () => {
      if (refresh() && told !== null) readers.publish(told)
      return told === null ? [] : [told]
    },
    readersChanged: (count) => {
      if (count === 0) {
        for (const each of unwatch) each()
        unwatch = []
      } else if (unwatch.length === 0) {
        unwatch = parts.map(({ book }) => book.watch(() => turn.mark(job)))
      }
    },
  })
  return readers
}

function whyLeftOut({ book, isListed }: MergedPart): DropReason {
  if (!isListed()) return 'NOT_LISTED'
  return book.wasEverInStep ? 'STALE' : 'UNAVAILABLE'
}
