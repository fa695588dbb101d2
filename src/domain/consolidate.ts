/**
 * Several venues' tops merged by price. Prices are one level when they are equal as numbers, whatever
 * their digits; the level shows the spelling of the first venue named, and the exact sum of the sizes.
 * A venue that bids above another's ask is shown, not hidden.
 */
import type { ConsolidatedLevel, Level } from './answer.ts'
import type { Decimal } from './attribution.ts'
import { compare, sum } from './decimal.ts'
import type { Venue } from './market.ts'
import { keyOf } from './price-key.ts'

/** The best levels of one venue, at least as many a side as are asked of the merged book. */
export interface VenueTop {
  readonly venue: Venue
  /** Best first. */
  readonly bids: readonly Level[]
  /** Best first. */
  readonly asks: readonly Level[]
}

export interface MergedTop {
  readonly bids: readonly ConsolidatedLevel[]
  readonly asks: readonly ConsolidatedLevel[]
  /** One venue's best bid is above another's best ask. */
  readonly isCrossed: boolean
}

/** `depth` best levels of all `tops` together; a level's venues in the order of `tops`. */
export const consolidate = (tops: readonly VenueTop[], depth: number): MergedTop => {
  const bids = merge(
    tops.map(({ venue, bids }) => ({ venue, levels: bids, at: 0, key: Number.NaN })),
    1,
    depth,
  )
  const asks = merge(
    tops.map(({ venue, asks }) => ({ venue, levels: asks, at: 0, key: Number.NaN })),
    -1,
    depth,
  )
  const bid = bids[0]
  const ask = asks[0]
  const isCrossed = bid !== undefined && ask !== undefined && compare(bid.price, ask.price) > 0
  return { bids, asks, isCrossed }
}

interface Cursor {
  readonly venue: Venue
  readonly levels: readonly Level[]
  at: number
  /** Of the level it stands at. */
  key: number
}

const merge = (cursors: readonly Cursor[], sign: 1 | -1, depth: number): readonly ConsolidatedLevel[] => {
  const merged: ConsolidatedLevel[] = []
  for (const cursor of cursors) aim(cursor)
  while (merged.length < depth) {
    const best = bestOf(cursors, sign)
    if (best === null) break
    merged.push(levelAt(cursors, best))
  }
  return merged
}

const aim = (cursor: Cursor): void => {
  const level = cursor.levels[cursor.at]
  cursor.key = level === undefined ? Number.NaN : keyOf(level.price)
}

/** The first cursor at the best price; null when all are at their end. */
const bestOf = (cursors: readonly Cursor[], sign: 1 | -1): Cursor | null => {
  let best: Cursor | null = null
  for (const cursor of cursors) {
    if (Number.isNaN(cursor.key)) continue
    if (best === null || order(cursor, best) * sign > 0) best = cursor
  }
  return best
}

const order = (a: Cursor, b: Cursor): number =>
  a.key - b.key || samePrice(a.levels[a.at]!.price, b.levels[b.at]!.price)

const samePrice = (a: Decimal, b: Decimal): number => (a === b ? 0 : compare(a, b))

const levelAt = (cursors: readonly Cursor[], best: Cursor): ConsolidatedLevel => {
  const price = best.levels[best.at]!.price
  const key = best.key
  const venues: { readonly venue: Venue; readonly size: Decimal }[] = []
  for (const cursor of cursors) {
    if (cursor.key !== key) continue
    const level = cursor.levels[cursor.at]!
    if (samePrice(level.price, price) !== 0) continue
    venues.push({ venue: cursor.venue, size: level.size })
    cursor.at += 1
    aim(cursor)
  }
  const size = venues.length === 1 ? venues[0]!.size : sum(venues.map((venue) => venue.size))
  return { price, size, venues }
}
