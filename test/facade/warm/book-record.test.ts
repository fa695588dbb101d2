/** What a recorded book still knows of the whole one, at any distance from mid. */
import { describe, expect, it } from 'vitest'
import { liquidityOf } from '../../../src/domain/liquidity.ts'
import {
  RECORDED_LEVELS,
  RECORDED_PERCENTS,
  recordOf,
  recordedBook,
  recordedLiquidity,
} from '../../../src/facade/warm/book-record.ts'
import type { BookRecord } from '../../../src/facade/warm/book-record.ts'

/** Two hundred levels a side, one in ten thousand of the price apart: it reaches two per cent. */
const side = (direction: 1 | -1, count = 210) =>
  Array.from({ length: count }, (_, at) => ({
    price: (10_000 + direction * (at + 0.5)).toFixed(1),
    size: `${1 + (at % 7)}`,
  }))
const whole = { bids: side(-1), asks: side(1), sequence: null, observedAt: 1 }
const ref = { id: 'a'.repeat(64), takenAt: 2 }

const recorded = (book: Pick<typeof whole, 'bids' | 'asks'> = whole): BookRecord =>
  recordOf({ ...whole, ...book, symbol: 'BTC-USD', venue: 'COINBASE' }, { tier: 'WARM', receivedAt: 2 })
    .answer as BookRecord
const then = (percent: number, record = recorded()) => recordedLiquidity('BTC-USD', record, percent, ref)

describe('the liquidity of a recorded book', () => {
  it('is exactly that of the whole book at every recorded distance it reached', () => {
    for (const percent of RECORDED_PERCENTS.filter((each) => each <= 2)) {
      expect(then(percent)).toMatchObject({ withinPercent: percent, ...liquidityOf(whole, percent) })
    }
  })

  it('is exact wherever the recorded levels reach', () => {
    expect(RECORDED_LEVELS).toBe(20)
    for (const percent of [0.03, 0.17, 0.19]) {
      expect(then(percent)).toMatchObject({ isComplete: true, ...liquidityOf(whole, percent) })
    }
  })

  it('in between is what rested there at least, and says so', () => {
    for (const percent of [0.4, 0.75, 1.5, 1.999]) {
      const [was, is] = [liquidityOf(whole, percent), then(percent)]
      expect(is?.isComplete).toBe(false)
      expect(is?.attribution.text).toMatch(/lower bounds$/)
      expect(Number(is?.bidDepth)).toBeLessThanOrEqual(Number(was?.bidDepth))
      expect(Number(is?.askDepth)).toBeLessThanOrEqual(Number(was?.askDepth))
      const below = RECORDED_PERCENTS.findLast((each) => each <= percent) ?? 0
      expect(is).toMatchObject({ bidDepth: then(below)?.bidDepth, askDepth: then(below)?.askDepth })
    }
  })

  it('beyond the end of the book is all that was known of it, and says so', () => {
    const all = liquidityOf(whole, 50)
    expect(then(50)).toMatchObject({ isComplete: false, bidDepth: all?.bidDepth, askDepth: all?.askDepth })
  })

  it('of a book with an empty side is nothing', () => {
    expect(then(2, recorded({ bids: [], asks: whole.asks }))).toBeNull()
  })

  it('comes from a book of so many levels a side, the nearest ones', () => {
    const book = recordedBook('BTC-USD', recorded(), 20, ref)
    expect(book.bids).toEqual(whole.bids.slice(0, 20))
    expect(book.asks).toEqual(whole.asks.slice(0, 20))
    expect(recordedBook('BTC-USD', recorded(), 1_000, ref).bids).toHaveLength(20)
  })
})
