/**
 * One venue's book as it is recorded: the levels near the touch, and what rested further out, summed from the
 * whole book before it is cut.
 */
import type { Book, Level, Liquidity } from '../../domain/answer.ts'
import type { Attribution, Instant, SnapshotRef, Tier } from '../../domain/attribution.ts'
import { compare, mean, subtract, toNumber } from '../../domain/decimal.ts'
import { balanceOf, liquidityOf } from '../../domain/liquidity.ts'
import type { LiquidityFigures } from '../../domain/liquidity.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { bookText, liquidityText } from '../../domain/text.ts'
import type { SnapshotItem } from '../snapshots.ts'

/** Levels a side that are recorded: what the contract gives unless asked for more. */
export const RECORDED_LEVELS = 20
/** Distances from mid at which the whole book is summed; 2 is what the contract asks for unless told otherwise. */
export const RECORDED_PERCENTS: readonly number[] = [0.1, 0.25, 0.5, 1, 2, 5, 10]

type Pair = readonly [price: string, size: string]
type Within = readonly [percent: number, bidDepth: string, askDepth: string, isComplete: boolean]

export interface BookRecord {
  readonly venue: Venue
  readonly tier: Tier
  readonly bids: readonly Pair[]
  readonly asks: readonly Pair[]
  readonly sequence: string | null
  readonly observedAt: Instant
  readonly receivedAt: Instant
  /** Up to the first distance the book does not reach: what rests further out is not known anyway. */
  readonly within: readonly Within[]
}

export const bookSubject = (symbol: MarketSymbol, venue: Venue): string => `book:${symbol}:${venue}`

export function recordOf(
  book: Pick<Book, 'symbol' | 'venue' | 'bids' | 'asks' | 'sequence' | 'observedAt'>,
  facts: {
    readonly tier: Tier
    readonly receivedAt: Instant
  },
): SnapshotItem {
  const { symbol, venue, sequence, observedAt } = book
  const answer: BookRecord = {
    venue,
    ...facts,
    bids: pairs(book.bids),
    asks: pairs(book.asks),
    sequence,
    observedAt,
    within: sumsOf(book),
  }
  const inputs = { levels: RECORDED_LEVELS }
  return { kind: 'book', symbol, subject: bookSubject(symbol, venue), inputs, answer }
}

function sumsOf(book: Pick<Book, 'bids' | 'asks'>): readonly Within[] {
  const sums: Within[] = []
  for (const percent of RECORDED_PERCENTS) {
    const figures = liquidityOf(book, percent)
    if (figures === null) break
    sums.push([percent, figures.bidDepth, figures.askDepth, figures.isComplete])
    if (!figures.isComplete) break
  }
  return sums
}

const pairs = (levels: readonly Level[]): readonly Pair[] =>
  levels.slice(0, RECORDED_LEVELS).map(({ price, size }) => [price, size])

export function recordedBook(
  symbol: MarketSymbol,
  record: BookRecord,
  depth: number,
  snapshot: SnapshotRef,
): Book {
  const { venue, sequence, observedAt } = record
  const attribution = recordedAttribution(record, snapshot, bookText({ venue, state: 'LIVE' }))
  const bids = levelsOf(record.bids, depth)
  const asks = levelsOf(record.asks, depth)
  return { symbol, venue, state: 'LIVE', ...sidesOf(bids, asks), sequence, observedAt, attribution }
}

/**
 * Exact at a recorded distance, and wherever the recorded levels reach. Between, what is known to have rested
 * there at least, and saying so.
 */
export function recordedLiquidity(
  symbol: MarketSymbol,
  record: BookRecord,
  withinPercent: number,
  snapshot: SnapshotRef,
): Liquidity | null {
  const { venue } = record
  const figures = recordedFigures(record, withinPercent)
  if (figures === null) return null
  const text = liquidityText({ venue, withinPercent, isComplete: figures.isComplete })
  return {
    symbol,
    venue,
    withinPercent,
    ...figures,
    attribution: recordedAttribution(record, snapshot, text),
  }
}

function recordedFigures({ bids, asks, within }: BookRecord, withinPercent: number): LiquidityFigures | null {
  const near = liquidityOf({ bids: levelsOf(bids), asks: levelsOf(asks) }, withinPercent)
  const sum = within.findLast(([percent]) => percent <= withinPercent)
  if (near === null || near.isComplete || sum === undefined) return near
  const [percent, bidSum, askSum, isReached] = sum
  const bidDepth = greater(near.bidDepth, bidSum)
  const askDepth = greater(near.askDepth, askSum)
  const balance = balanceOf(bidDepth, askDepth)
  return { ...near, bidDepth, askDepth, balance, isComplete: isReached && percent === withinPercent }
}

const greater = (a: string, b: string): string => (compare(a, b) >= 0 ? a : b)

const recordedAttribution = (record: BookRecord, snapshot: SnapshotRef, text: string): Attribution => ({
  authority: 'EXCHANGE_NATIVE',
  sources: [record.venue],
  confidence: 1,
  tier: record.tier,
  text,
  observedAt: record.observedAt,
  receivedAt: record.receivedAt,
  cache: null,
  snapshot,
})

export const levelsOf = (all: readonly Pair[], depth: number = all.length): readonly Level[] =>
  all.slice(0, depth).map(([price, size]) => ({ price, size }))

/** Both sides with what lies between them. */
export function sidesOf(bids: readonly Level[], asks: readonly Level[]) {
  const bid = bids[0]?.price
  const ask = asks[0]?.price
  if (bid === undefined || ask === undefined) return { bids, asks, mid: null, spread: null, spreadBps: null }
  const mid = mean([bid, ask])
  const spread = subtract(ask, bid)
  return { bids, asks, mid, spread, spreadBps: (toNumber(spread) / toNumber(mid)) * 10_000 }
}
