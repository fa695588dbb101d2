import { describe, expect, it } from 'vitest'
import { liquidityOf } from '../../src/domain/liquidity.ts'

const levels = (...pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([price, size]) => ({ price, size }))
const bids = levels(['45000', '2'], ['44900', '1'], ['44000', '5'])
const asks = levels(['45100', '1.5'], ['45200', '1'], ['46500', '3'])

describe('liquidity of a book', () => {
  it('is the value resting within 2 % of mid, bid and ask apart', () => {
    const figures = liquidityOf({ bids, asks }, 2)
    expect(figures).toMatchObject({ mid: '45050', bidDepth: '134900', askDepth: '112850', isComplete: true })
    expect(figures?.spreadBps.toFixed(4)).toBe('22.1976')
    expect(figures?.balance).toBeCloseTo(134900 / (134900 + 112850), 12)
  })

  it('counts a level exactly at the bound and not one a digit beyond', () => {
    const at = (bid: string) =>
      liquidityOf({ bids: levels(['100', '1'], [bid, '1']), asks: levels(['100', '1'], ['103', '1']) }, 2)
    expect(at('98')).toMatchObject({ bidDepth: '198', isComplete: true })
    expect(at('97.999999999999999999')).toMatchObject({ bidDepth: '100', isComplete: true })
  })

  it('says its depths are lower bounds when the book ends before the bound', () => {
    expect(liquidityOf({ bids: bids.slice(0, 2), asks }, 2)).toMatchObject({
      bidDepth: '134900',
      isComplete: false,
    })
    expect(liquidityOf({ bids, asks }, 5)).toMatchObject({ isComplete: false })
  })

  it('adds digits up exactly and keeps no zeros nobody needs', () => {
    const tenths = Array.from({ length: 10 }, (_, index): [string, string] => [
      `99.${9 - index}0`,
      '0.10000000',
    ])
    expect(liquidityOf({ bids: levels(...tenths), asks: levels(['100.10', '0.3']) }, 2)).toMatchObject({
      bidDepth: '99.45',
      askDepth: '30.03',
    })
  })

  it('is nothing without both sides, or from what is no number', () => {
    expect(liquidityOf({ bids: [], asks }, 2)).toBeNull()
    expect(liquidityOf({ bids, asks: levels(['x', '1']) }, 2)).toBeNull()
    expect(liquidityOf({ bids, asks: levels(['45100', '']) }, 2)).toBeNull()
    expect(liquidityOf({ bids, asks }, Number.NaN)).toBeNull()
  })
})
