/** Candles that cannot be agreed, and venues that are set aside: shown with the evidence, never guessed, never skipped. */
import { afterEach, describe, expect, it } from 'vitest'
import type { KlineSeries } from '../../../src/domain/answer.ts'
import { multiply, sum } from '../../../src/domain/decimal.ts'
import { INTERVAL_MS } from '../../../src/domain/market.ts'
import type { CandleReading, VenueSource } from '../../../src/sources/source.ts'
import { reading } from '../../../src/wire/request.ts'
import { TestClock } from '../../support/clock.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

const HOUR = INTERVAL_MS.H1

/** Says a twentieth too much about every third hour. */
function boastful(venue: VenueSource): VenueSource {
  const bend = (candle: CandleReading): CandleReading => {
    if ((candle.openTime / HOUR) % 3 !== 0) return candle
    const [open, high, low, close] = [candle.open, candle.high, candle.low, candle.close].map((price) =>
      multiply(price, '1.05'),
    ) as [string, string, string, string]
    return { ...candle, open, high, low, close }
  }
  return {
    ...venue,
    candles: {
      ...venue.candles,
      request(...asked) {
        const request = venue.candles.request(...asked)
        const read: typeof request.read = (reply) => {
          const said = request.read(reply)
          return said.ok ? reading(said.value.map(bend)) : said
        }
        return { ...request, read }
      },
    },
  }
}

let sim: Simulated
afterEach(async () => {
  await sim.close()
})

const open = async () => {
  sim = await startSimulated({
    symbols: ['ADA-USD', 'ADA-USDT', 'USDT-USD'],
    turned: new TestClock(Date.UTC(2026, 0, 5, 9, 10)),
    adapters: (shipped) => ({ ...shipped, KRAKEN: boastful(shipped.KRAKEN) }),
  })
}

async function hours(symbol: string, last: number, before: number | null = null): Promise<KlineSeries> {
  const outcome = await sim.facade.warm.klines({ symbol, interval: 'H1', last, before, asOf: null })
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

const isBoasted = ({ openTime }: { readonly openTime: number }) => (openTime / HOUR) % 3 === 0

describe('candles of two venues, one of which is far off now and then', () => {
  it('are refused where they conflict, with what each said, and the others stand', async () => {
    await open()
    const { nodes, rejected, attribution } = await hours('ADA-USD', 60)
    expect(nodes.some(isBoasted)).toBe(false)
    expect(rejected.every(isBoasted)).toBe(true)
    expect([nodes.length, rejected.length]).toEqual([40, 20])
    const evidence = rejected[4]?.reconciliation.close
    expect(evidence).toMatchObject({ verdict: 'CONFLICT', policy: { maxDeviationPercent: 1 } })
    expect(evidence?.used.map(({ source }) => source)).toEqual(['COINBASE', 'KRAKEN'])
    expect(attribution.text).toBe(
      'Open, high, low and close of 40 candles (H1) agreed between Coinbase and Kraken, volume added up; 20 candles refused for lack of agreement',
    )
  })

  it('are neither repeated nor skipped from page to page', async () => {
    await open()
    const seen: number[] = []
    let before: number | null = null
    for (let page = 0; page < 6; page += 1) {
      const series: KlineSeries = await hours('ADA-USD', 7 + page * 13, before)
      const times = [...series.nodes, ...series.rejected].map(({ openTime }) => openTime)
      expect(times).toHaveLength(7 + page * 13)
      seen.unshift(...times.toSorted((a, b) => a - b))
      before = series.pageInfo.startCursor
    }
    expect(seen).toEqual(seen.map((_, at) => (seen[0] ?? 0) + at * HOUR))
  })
})

describe('candles of four venues', () => {
  it('are agreed without the one that is off, whose volume is left out of the sum', async () => {
    await open()
    const { nodes, rejected } = await hours('ADA-USDT', 60)
    expect(rejected).toEqual([])
    for (const node of nodes) {
      const { close, volume } = node.reconciliation
      const [isOff, sources] = [isBoasted(node), volume.map(({ source }) => source)]
      expect(sources).toEqual(close.used.map(({ source }) => source))
      expect(sources.includes('KRAKEN')).toBe(!isOff)
      expect(close.dropped.map(({ source, reason }) => [source, reason])).toEqual(
        isOff ? [['KRAKEN', 'OUTLIER']] : [],
      )
      expect(node.volume).toBe(sum(volume.map((each) => each.volume)))
      const prices = [node.low, node.open, node.close, node.high].map(Number)
      expect(Math.min(...prices)).toBe(prices[0])
      expect(Math.max(...prices)).toBe(prices[3])
    }
  })
})
