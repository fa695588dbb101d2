import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compare } from '../../src/domain/decimal.ts'
import { agreeKlines } from '../../src/domain/klines.ts'
import type { KlineQuestion, SourceCandle } from '../../src/domain/klines.ts'
import type { Source } from '../../src/domain/market.ts'
import { format } from '../../src/domain/scaled.ts'
import { policy } from '../support/claims.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 0, 2)
const question = (changed: Partial<KlineQuestion> = {}): KlineQuestion => ({
  symbol: 'BTC-USD',
  interval: 'H1',
  from: START,
  to: START + 3 * HOUR,
  now: START + 10 * HOUR,
  policy: policy(),
  ...changed,
})
const candle = (hour: number, prices: string, volume: string | null = '1.5'): SourceCandle => {
  const [open = '', high = '', low = '', close = ''] = prices.split(' ')
  return { openTime: START + hour * HOUR, open, high, low, close, volume }
}
const from = (entries: Partial<Record<Source, readonly SourceCandle[]>>) =>
  new Map(Object.entries(entries) as [Source, readonly SourceCandle[]][])

describe('candles of several venues', () => {
  it('agree open, high, low and close one by one, and add the volume up to the digit', () => {
    const { nodes, rejected } = agreeKlines(
      from({
        BINANCE: [candle(0, '100 102 99 101', '10.00000001')],
        COINBASE: [candle(0, '100.2 102.2 99.2 101.2', '2.5')],
        KRAKEN: [candle(0, '100.1 102.1 99.1 101.1', '0.10')],
      }),
      question(),
    )
    expect(rejected).toEqual([])
    expect(nodes).toMatchObject([
      { open: '100.1', high: '102.1', low: '99.1', close: '101.1', volume: '12.60000001', isClosed: true },
    ])
    expect(nodes[0]?.closeTime).toBe(START + HOUR)
    expect(nodes[0]?.reconciliation.volume).toEqual([
      { source: 'COINBASE', volume: '2.5' },
      { source: 'KRAKEN', volume: '0.10' },
      { source: 'BINANCE', volume: '10.00000001' },
    ])
  })

  it('leave a venue out of the volume that was left out of the close', () => {
    const { nodes } = agreeKlines(
      from({
        BINANCE: [candle(0, '100 130 99 130', '50')],
        COINBASE: [candle(0, '100 102 99 101', '1')],
        KRAKEN: [candle(0, '100 102 99 101', '2')],
      }),
      question(),
    )
    expect(nodes[0]).toMatchObject({ close: '101', volume: '3' })
    expect(nodes[0]?.reconciliation.close.dropped).toMatchObject([{ source: 'BINANCE', reason: 'OUTLIER' }])
  })

  it('are refused with the evidence when one of the four is not agreed', () => {
    const { nodes, rejected } = agreeKlines(
      from({
        BINANCE: [candle(0, '100 102 99 101'), candle(1, '101 102 100 101')],
        KRAKEN: [candle(0, '100 110 99 101'), candle(1, '101 102 100 101')],
      }),
      question(),
    )
    expect(nodes.map(({ openTime }) => openTime)).toEqual([START + HOUR])
    expect(rejected).toMatchObject([{ openTime: START, reconciliation: { high: { verdict: 'CONFLICT' } } }])
  })

  it('need a second venue unless one is enough', () => {
    const quiet = from({ KRAKEN: [candle(0, '100 102 99 101')], COINBASE: [] })
    const refused = agreeKlines(quiet, question())
    expect(refused.nodes).toEqual([])
    expect(refused.rejected[0]?.reconciliation.open).toMatchObject({
      verdict: 'TOO_FEW_SOURCES',
      dropped: [{ source: 'COINBASE', reason: 'UNAVAILABLE' }],
    })
    expect(agreeKlines(quiet, question({ policy: policy({ minSources: 1 }) })).nodes).toHaveLength(1)
  })

  it('show who could not be asked, and do not hear a candle that contradicts itself', () => {
    const { nodes } = agreeKlines(
      from({
        KRAKEN: [candle(0, '100 102 99 101')],
        COINBASE: [candle(0, '100 102 99 101')],
        BINANCE: [candle(0, '100 99 102 101')],
      }),
      question({ failures: new Map([['OKX', 'RATE_LIMITED']]) }),
    )
    expect(nodes[0]?.reconciliation.low.dropped.map(({ source, reason }) => [source, reason])).toEqual([
      ['BINANCE', 'MALFORMED'],
      ['OKX', 'RATE_LIMITED'],
    ])
  })

  it('come oldest first within the range, the running one marked open', () => {
    const all = [3, 2, 0, 1, -1].map((hour) => candle(hour, '100 102 99 101'))
    const { nodes } = agreeKlines(from({ KRAKEN: all, OKX: all }), question({ now: START + 2.5 * HOUR }))
    expect(nodes.map(({ openTime, isClosed }) => [(openTime - START) / HOUR, isClosed])).toEqual([
      [0, true],
      [1, true],
      [2, false],
    ])
    expect(nodes[2]?.reconciliation.close.used[0]?.observedAt).toBe(START + 2.5 * HOUR)
  })

  it('keep low ≤ open, close ≤ high whatever the venues say', () => {
    const price = fc
      .integer({ min: 9_960, max: 10_040 })
      .map((units) => format({ units: BigInt(units), scale: 2 }))
    const one = fc.tuple(price, price, price, price).map((prices) => {
      const sorted = prices.toSorted(compare)
      return candle(0, `${prices[0]} ${sorted[3]} ${sorted[0]} ${prices[1]}`)
    })
    fc.assert(
      fc.property(one, one, one, one, (binance, okx, coinbase, kraken) => {
        const heard = from({ BINANCE: [binance], OKX: [okx], COINBASE: [coinbase], KRAKEN: [kraken] })
        for (const { open, high, low, close } of agreeKlines(heard, question()).nodes) {
          for (const inside of [open, close]) {
            expect(compare(low, inside)).toBeLessThanOrEqual(0)
            expect(compare(inside, high)).toBeLessThanOrEqual(0)
          }
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('agree 5,000 hours of four venues', () => {
    const hours = Array.from({ length: 5_000 }, (_, hour) =>
      candle(hour, '64000.01 64100.5 63900.12 64050.00'),
    )
    const heard = from({ BINANCE: hours, OKX: hours, COINBASE: hours, KRAKEN: hours })
    const { nodes, rejected } = agreeKlines(
      heard,
      question({ to: START + 5_000 * HOUR, now: START + 6_000 * HOUR }),
    )
    expect([nodes.length, rejected.length]).toEqual([5_000, 0])
  })
})
