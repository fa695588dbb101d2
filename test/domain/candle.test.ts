import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BarFold, type BarTrade, type BarValues } from '../../src/domain/candle.ts'
import { compare, sum } from '../../src/domain/decimal.ts'
import type { CandleEvent } from '../../src/domain/event.ts'
import { INTERVAL_MS, INTERVALS } from '../../src/domain/market.ts'

const NOON = Date.UTC(2026, 0, 2, 12)
const MINUTE = 60_000
const trade = (at: number, price: string, size = '1'): BarTrade => ({ executedAt: NOON + at, price, size })
const ofM1 = (bars: readonly BarValues[]): readonly BarValues[] => bars.filter((bar) => bar.interval === 'M1')
const candle = (minute: number, values: Partial<CandleEvent>): CandleEvent => ({
  kind: 'candle',
  spelling: 'BTCUSDT',
  interval: 'M1',
  openTime: NOON + minute * MINUTE,
  open: '100',
  high: '100',
  low: '100',
  close: '100',
  volume: '1',
  isClosed: true,
  ...values,
})

describe('bars from trades', () => {
  it('opens at the first trade, follows high, low and close, and adds sizes exactly', () => {
    const fold = new BarFold(0)
    fold.take(trade(0, '100.10', '0.1'))
    fold.take(trade(10, '99'))
    fold.take(trade(20, '101', '0.2'))
    expect(fold.bar('M1')).toMatchObject({
      openTime: NOON,
      closeTime: NOON + MINUTE,
      open: '100.10',
      high: '101',
      low: '99',
      close: '101',
      isClosed: false,
    })
    expect(compare(fold.bar('M1')!.volume, '1.3')).toBe(0)
  })

  it('closes a bar at the first trade of the next one, which opens at its own price', () => {
    const fold = new BarFold(0)
    fold.take(trade(0, '100'))
    const changed = ofM1(fold.take(trade(MINUTE, '105')))
    expect(changed.map((bar) => [bar.openTime - NOON, bar.close, bar.isClosed])).toEqual([
      [0, '100', true],
      [MINUTE, '105', false],
    ])
    expect(changed[1]!.open).toBe('105')
  })

  it('invents no bar for quiet minutes, and closes the last one by time', () => {
    const fold = new BarFold(0)
    fold.take(trade(0, '100'))
    expect(fold.closeDue(NOON + MINUTE)).toEqual([])
    expect(ofM1(fold.closeDue(NOON + MINUTE + 2_000))).toMatchObject([{ openTime: NOON, isClosed: true }])
    expect(ofM1(fold.closeDue(NOON + MINUTE + 3_000))).toEqual([])
    const next = ofM1(fold.take(trade(7 * MINUTE + 5, '110')))
    expect(next).toMatchObject([{ openTime: NOON + 7 * MINUTE, open: '110', low: '110', isClosed: false }])
    expect(fold.bar('H1')).toMatchObject({ open: '100', close: '110', volume: '2' })
  })

  it('gives every longer bar its closing once, when its own time is over', () => {
    const fold = new BarFold(0)
    fold.take(trade(3 * MINUTE, '100'))
    fold.take(trade(4 * MINUTE, '101'))
    const closed = fold.take(trade(5 * MINUTE, '102')).filter((bar) => bar.isClosed)
    expect(closed.map((bar) => bar.interval)).toEqual(['M1', 'M5'])
    expect(closed[1]).toMatchObject({ openTime: NOON, open: '100', close: '101', volume: '2' })
    const rest = fold.closeDue(NOON + 15 * MINUTE + 2_000)
    expect(rest.map((bar) => bar.interval)).toEqual(['M1', 'M5', 'M15'])
  })

  it('puts trades that come out of order where they belong', () => {
    const fold = new BarFold(0)
    fold.take(trade(20, '100'))
    fold.take(trade(10, '99'))
    expect(fold.bar('M1')).toMatchObject({ open: '99', close: '100' })
    fold.take(trade(MINUTE, '105'))
    const late = fold.take(trade(59_000, '90', '2'))
    expect(ofM1(late)).toMatchObject([{ openTime: NOON, low: '90', close: '90', isClosed: true }])
    expect(fold.bar('M1')).toMatchObject({ openTime: NOON + MINUTE, low: '105' })
    expect(fold.bar('M5')).toMatchObject({ low: '90', close: '105', volume: '5' })
  })
})

describe("the venue's own candle", () => {
  it('closes our bar without a difference when it says the same in other digits', () => {
    const fold = new BarFold(0)
    fold.take(trade(0, '100.0'))
    expect(ofM1(fold.agree(candle(0, { volume: '1.000' })))).toMatchObject([
      { isClosed: true, volume: '1.000' },
    ])
    expect(fold.differences).toBe(0)
    expect(fold.agree(candle(0, {}))).toEqual([])
  })

  it('wins over ours, longer bars included, and the difference is counted', () => {
    const fold = new BarFold(0)
    fold.take(trade(0, '100'))
    fold.take(trade(MINUTE, '105'))
    const changed = fold.agree(candle(0, { high: '120', volume: '7' }))
    expect(ofM1(changed)).toMatchObject([{ openTime: NOON, high: '120', isClosed: true }])
    expect(fold.bar('H1')).toMatchObject({ high: '120', close: '105', volume: '8' })
    expect(fold.differences).toBe(1)
    expect(fold.take(trade(1, '500'))).toEqual([])
  })

  it('completes a minute we saw only in part without calling that a difference', () => {
    const fold = new BarFold(NOON + 30_000)
    fold.take(trade(31_000, '100'))
    fold.agree(candle(0, { open: '98', low: '97', volume: '9' }))
    expect(fold.bar('M1')).toMatchObject({ open: '98', low: '97', volume: '9', isClosed: true })
    expect(fold.differences).toBe(0)
  })

  it('makes no bar of a quiet minute the venue fills with its last close', () => {
    const fold = new BarFold(0)
    fold.take(trade(0, '100'))
    expect(ofM1(fold.agree(candle(1, { volume: '0.00000000' })))).toEqual([])
    expect(fold.bar('M1')!.openTime).toBe(NOON)
  })

  it('is taken as closed when a newer one begins, where the venue does not say', () => {
    const fold = new BarFold(0)
    fold.take(trade(0, '100'))
    expect(fold.agree(candle(0, { isClosed: null, high: '101' }))).toEqual([])
    expect(ofM1(fold.agree(candle(1, { isClosed: null })))).toMatchObject([{ high: '101', isClosed: true }])
  })

  it('makes longer bars whole from minutes before we began', () => {
    const fold = new BarFold(NOON + 2 * MINUTE)
    fold.seed([candle(0, { open: '90', low: '80', volume: '5' }), candle(1, { volume: '6' })])
    fold.take(trade(2 * MINUTE, '100'))
    expect(fold.bar('M5')).toMatchObject({ open: '90', low: '80', volume: '12' })
    expect(fold.bar('D1')!.openTime).toBe(Date.UTC(2026, 0, 2))
  })
})

const print = fc.record({
  at: fc.integer({ min: 0, max: 3 * 3_600_000 }),
  price: fc.integer({ min: 1, max: 99_999 }).map((units) => (units / 100).toFixed(2)),
  size: fc.integer({ min: 1, max: 999 }).map((units) => `0.${String(units).padStart(3, '0')}`),
})

describe('against a model that folds all trades from scratch', () => {
  it('has the same newest bar of every interval after any trades in any order', () => {
    fc.assert(
      fc.property(fc.array(print, { minLength: 1, maxLength: 40 }), (prints) => {
        const fold = new BarFold(0)
        const taken: BarTrade[] = []
        for (const { at, price, size } of prints) {
          if (taken.some((one) => one.executedAt === NOON + at)) continue
          taken.push(trade(at, price, size))
          fold.take(trade(at, price, size))
        }
        const last = Math.max(...taken.map((one) => one.executedAt))
        for (const interval of INTERVALS) {
          const openTime = last - (last % INTERVAL_MS[interval])
          const inside = taken
            .filter((one) => one.executedAt >= openTime)
            .toSorted((a, b) => a.executedAt - b.executedAt)
          const prices = inside.map((one) => Number(one.price))
          const bar = fold.bar(interval)!
          expect(bar).toMatchObject({ openTime, open: inside[0]!.price, close: inside.at(-1)!.price })
          expect([Number(bar.high), Number(bar.low)]).toEqual([Math.max(...prices), Math.min(...prices)])
          expect(compare(bar.volume, sum(inside.map((one) => one.size)))).toBe(0)
        }
      }),
      { numRuns: 300 },
    )
  })
})
