/** What rests near the touch of one book: spread, and quote-currency value within ± a percentage of mid. */
import type { Level } from './answer.ts'
import type { Decimal } from './attribution.ts'
import { add, format, mean, parse, percentOf, subtract, toNumber } from './decimal.ts'
import { plain, powerOfTen, trimTo } from './scaled.ts'

export interface LiquidityFigures {
  readonly mid: Decimal
  readonly spreadBps: number
  /** Quote currency, exact. */
  readonly bidDepth: Decimal
  readonly askDepth: Decimal
  /** Bid share of both depths, 0 to 1. */
  readonly balance: number
  /** False when either side ends before the bound: its depth is then a lower bound. */
  readonly isComplete: boolean
}

export interface Sides {
  /** Best first. */
  readonly bids: readonly Level[]
  /** Best first. */
  readonly asks: readonly Level[]
}

/** Null when either side is empty, or a level or `withinPercent` is no number. A level at the bound counts. */
export function liquidityOf({ bids, asks }: Sides, withinPercent: number): LiquidityFigures | null {
  const bid = bids[0]?.price
  const ask = asks[0]?.price
  const percent = plain(String(withinPercent))
  if (parse(bid) === null || parse(ask) === null || parse(percent) === null) return null
  if (bid === undefined || ask === undefined) return null
  const mid = mean([bid, ask])
  if (!(toNumber(mid) > 0)) return null
  const reach = percentOf(mid, percent)
  const below = depthOf(bids, subtract(mid, reach), -1n)
  const above = depthOf(asks, add(mid, reach), 1n)
  if (below === null || above === null) return null
  return {
    mid,
    spreadBps: (toNumber(subtract(ask, bid)) / toNumber(mid)) * 10_000,
    bidDepth: below.depth,
    askDepth: above.depth,
    balance: balanceOf(below.depth, above.depth),
    isComplete: below.isReached && above.isReached,
  }
}

/** Bid share of both. */
export function balanceOf(bidDepth: Decimal, askDepth: Decimal): number {
  const [bids, asks] = [toNumber(bidDepth), toNumber(askDepth)]
  return bids + asks > 0 ? bids / (bids + asks) : 0.5
}

interface Depth {
  readonly depth: Decimal
  readonly isReached: boolean
}

/** `away` is the direction in which this side gets worse: −1 for bids, 1 for asks. */
function depthOf(levels: readonly Level[], bound: Decimal, away: bigint): Depth | null {
  const limit = parse(bound)
  if (limit === null) return null
  const sums = new Map<number, bigint>()
  let isReached = false
  for (const level of levels) {
    const price = parse(level.price)
    const size = parse(level.size)
    if (price === null || size === null) return null
    const scale = Math.max(price.scale, limit.scale)
    const beyond =
      (price.units * powerOfTen(scale - price.scale) - limit.units * powerOfTen(scale - limit.scale)) * away
    isReached = beyond >= 0n
    if (beyond > 0n) break
    // One running sum a scale: a venue uses one or two, and adding like to like needs no shifting.
    const at = price.scale + size.scale
    sums.set(at, (sums.get(at) ?? 0n) + price.units * size.units)
  }
  return { depth: total(sums), isReached }
}

function total(sums: ReadonlyMap<number, bigint>): Decimal {
  const scale = Math.max(0, ...sums.keys())
  let units = 0n
  for (const [at, part] of sums) units += part * powerOfTen(scale - at)
  return format(trimTo({ units, scale }, 0))
}
