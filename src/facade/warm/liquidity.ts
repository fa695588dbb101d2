/**
 * Spread and depth of one venue's book: of the live one where it is in step and reaches far enough, else of
 * one fetched a moment ago.
 */
import type { Book, Liquidity } from '../../domain/answer.ts'
import type { Instant } from '../../domain/attribution.ts'
import { answered, refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { liquidityOf } from '../../domain/liquidity.ts'
import { SOURCE_NAMES } from '../../domain/market.ts'
import type { Venue } from '../../domain/market.ts'
import { liquidityText } from '../../domain/text.ts'
import type { LiquidityRequest } from '../facade.ts'
import type { Recorded } from '../snapshots.ts'
import { bookSubject, recordedLiquidity } from './book-record.ts'
import type { BookRecord } from './book-record.ts'
import { unavailable } from './decided.ts'
import type { Depths, Market } from './depths.ts'
import type { WarmParts } from './parts.ts'
import { createPast } from './past.ts'

export interface Liquidities {
  present(requests: readonly LiquidityRequest[], signal?: AbortSignal): Promise<readonly Outcome<Liquidity>[]>
  past(
    requests: readonly (LiquidityRequest & { readonly asOf: Instant })[],
  ): Promise<readonly Outcome<Liquidity>[]>
}

type ByPercent = (withinPercent: number) => Outcome<Liquidity>

export function createLiquidities(parts: WarmParts, depths: Depths): Liquidities {
  const { clock, universe, hot, snapshots } = parts
  const views = new WeakMap<Book, ByPercent>()

  const of = (book: Book, withinPercent: number): Outcome<Liquidity> => {
    let view = views.get(book)
    if (view === undefined) {
      view = remembered((within) => fromBook(book, within, clock.now()))
      views.set(book, view)
    }
    return view(withinPercent)
  }

  const records = createPast(snapshots, ({ ref, record }: Recorded): ByPercent => {
    const { symbol, answer } = record
    return remembered((within) => {
      const made = recordedLiquidity(symbol, answer as BookRecord, within, ref)
      return made === null
        ? refused('SNAPSHOT_NOT_FOUND', 'The book recorded then had an empty side.', { earliest: null })
        : answered(made)
    })
  })

  /** A live book cut at a few proven levels is worth a look at a deeper one; a whole one is what it is. */
  const reaches = (outcome: Outcome<Liquidity>, venue: Venue): boolean =>
    parts.venues[venue].stream.dance.kind !== 'checksum' || (outcome.ok && outcome.value.isComplete)

  const fetched = async (
    markets: readonly (Market & { readonly index: number })[],
    signal: AbortSignal | undefined,
  ) => {
    const books = await depths.read(markets, signal)
    return new Map(markets.map(({ index }, position) => [index, books[position]]))
  }

  return {
    async present(requests, signal) {
      const live = requests.map(({ symbol, venue }) => {
        const book = hot.liveBook(symbol, venue)
        return book?.state === 'LIVE' && book.mid !== null ? book : null
      })
      const isEnough = requests.map(({ venue, withinPercent }, index) => {
        const book = live[index] ?? null
        return book !== null && reaches(of(book, withinPercent), venue)
      })
      const venues = [...new Set(requests.map(({ venue }) => venue))].filter(
        (venue) => !universe.isKnown(venue),
      )
      if (venues.length > 0 && isEnough.includes(false)) await universe.settled(venues)
      const markets = requests.flatMap(({ symbol, venue }, index) => {
        const listing = universe.listingAt(symbol, venue)
        return isEnough[index] !== true && listing !== null ? [{ symbol, venue, listing, index }] : []
      })
      const books = await fetched(markets, signal)
      return requests.map(({ symbol, venue, withinPercent }, index): Outcome<Liquidity> => {
        const streamed = live[index] ?? null
        if (streamed !== null && (isEnough[index] === true || books.get(index)?.ok !== true)) {
          return of(streamed, withinPercent)
        }
        const what = `the liquidity of ${symbol} at ${SOURCE_NAMES[venue]}`
        const book = books.get(index)
        if (book === undefined) {
          return universe.isKnown(venue)
            ? refused('NOT_LISTED', `${SOURCE_NAMES[venue]} does not list ${symbol}.`)
            : unavailable(`${what}: its markets are not known yet.`, [], clock.now())
        }
        return book.ok ? of(book.value, withinPercent) : unavailable(`${what}.`, [book.failure], clock.now())
      })
    },
    async past(requests) {
      const outcomes = await records.read(
        requests.map(({ symbol, venue, asOf }) => ({ subject: bookSubject(symbol, venue), at: asOf })),
      )
      return outcomes.map((outcome, index) =>
        outcome.ok ? outcome.value(requests[index]?.withinPercent ?? 0) : outcome,
      )
    },
  }
}

function fromBook(book: Book, withinPercent: number, now: Instant): Outcome<Liquidity> {
  const { symbol, venue } = book
  const figures = liquidityOf(book, withinPercent)
  if (figures === null) {
    return unavailable(
      `the liquidity of ${symbol} at ${SOURCE_NAMES[venue]}: a side of its book is empty.`,
      [],
      now,
    )
  }
  const text = liquidityText({ venue, withinPercent, isComplete: figures.isComplete })
  return answered({ symbol, venue, withinPercent, ...figures, attribution: { ...book.attribution, text } })
}

const KEPT_PERCENTAGES = 16

function remembered(make: ByPercent): ByPercent {
  const known = new Map<number, Outcome<Liquidity>>()
  return (withinPercent) => {
    const view = known.get(withinPercent)
    if (view !== undefined) return view
    const made = make(withinPercent)
    if (known.size < KEPT_PERCENTAGES) known.set(withinPercent, made)
    return made
  }
}
