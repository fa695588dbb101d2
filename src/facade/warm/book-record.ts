/** One venue's book as it is recorded: the levels near the touch, and what rested within 2 % of the whole. */
import type { Book, Level, Liquidity } from '../../domain/answer.ts'
import type { Attribution, Instant, SnapshotRef, Tier } from '../../domain/attribution.ts'
import { mean, subtract, toNumber } from '../../domain/decimal.ts'
import { liquidityOf } from '../../domain/liquidity.ts'
import type { LiquidityFigures } from '../../domain/liquidity.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { bookText, liquidityText } from '../../domain/text.ts'
import type { SnapshotItem } from '../snapshots.ts'

/** Levels a side that are recorded. */
export const RECORDED_LEVELS = 50
/** What the contract asks for unless told otherwise; worked out from the whole book before it is cut. */
export const RECORDED_PERCENT = 2

type Pair = readonly [price: string, size: string]

export interface BookRecord {
  readonly venue: Venue
  readonly tier: Tier
  readonly bids: readonly Pair[]
  readonly asks: readonly Pair[]
  readonly sequence: string | null
  readonly observedAt: Instant
  readonly receivedAt: Instant
  readonly liquidity: LiquidityFigures | null
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
    liquidity: liquidityOf(book, RECORDED_PERCENT),
  }
  const inputs = { levels: RECORDED_LEVELS, withinPercent: RECORDED_PERCENT }
  return { kind: 'book', symbol, subject: bookSubject(symbol, venue), inputs, answer }
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

/** Exact for the recorded percentage; for another, worked out from the recorded levels and saying so. */
export function recordedLiquidity(
  symbol: MarketSymbol,
  record: BookRecord,
  withinPercent: number,
  snapshot: SnapshotRef,
): Liquidity | null {
  const { venue, bids, asks } = record
  const figures =
    withinPercent === RECORDED_PERCENT
      ? record.liquidity
      : liquidityOf({ bids: levelsOf(bids), asks: levelsOf(asks) }, withinPercent)
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
