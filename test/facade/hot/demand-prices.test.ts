import { describe, expect, it } from 'vitest'
import type { Price, PriceUpdate, Verdict } from '../../../src/domain/attribution.ts'
import { createDemand } from '../../../src/facade/hot/demand.ts'
import { createPrices } from '../../../src/facade/hot/prices.ts'
import { createLatency } from '../../../src/facade/latency.ts'
import { TestClock } from '../../support/clock.ts'

describe('what nobody reads', () => {
  const staged = () => {
    const clock = new TestClock()
    const log: string[] = []
    const demand = createDemand({
      clock,
      lingerMs: 60_000,
      start: () => void log.push('start'),
      stop: () => void log.push('stop'),
    })
    return { clock, log, demand }
  }

  it('is kept for a minute, so that a reader that comes back finds it running', () => {
    const { clock, log, demand } = staged()
    demand.want()()
    clock.advance(59_000)
    const release = demand.want()
    clock.advance(120_000)
    release()
    release()
    expect(log).toEqual(['start'])
    clock.advance(60_000)
    expect(log).toEqual(['start', 'stop'])
    expect(clock.pendingTimers).toBe(0)
  })

  it('leaves one timer behind, however many came and went', () => {
    const { clock, log, demand } = staged()
    for (let n = 0; n < 10_000; n += 1) demand.want()()
    expect(clock.pendingTimers).toBe(1)
    expect(log).toEqual(['start'])
  })
})

describe('the price as a stream', () => {
  const priceOf = (value: string, verdict: Verdict = 'ACCEPTED', dropped = 0): Price => ({
    value,
    attribution: {
      authority: 'RECONCILED',
      sources: ['KRAKEN'],
      confidence: 1,
      tier: 'HOT',
      text: '',
      observedAt: 0,
      receivedAt: 0,
      cache: null,
      snapshot: null,
    },
    reconciliation: {
      verdict,
      method: 'TRIMMED_MEDIAN',
      median: value,
      used: [],
      dropped: Array.from({ length: dropped }, () => ({
        source: 'OKX' as const,
        reason: 'STALE' as const,
        value: null,
        deviationPercent: null,
        observedAt: null,
      })),
      policy: { maxDeviationPercent: 1, minSources: 2, minConfidence: 0.7 },
    },
  })
  const staged = () => {
    const clock = new TestClock()
    let price: Price | null = priceOf('100')
    let asked = 0
    const prices = createPrices({ clock, reconcilePrice: () => (asked++, price) })
    const events: PriceUpdate[] = []
    const open = () =>
      prices.feed('BTC-USD').open({ next: (event) => void events.push(event), end: () => undefined })
    return {
      clock,
      prices,
      events,
      open,
      asked: () => asked,
      set: (next: Price | null) => void (price = next),
    }
  }
  const values = (events: readonly PriceUpdate[]) => events.map(({ price }) => price.value)

  it('tells the present price first, and again when it moves, at most four times a second', () => {
    const { clock, prices, events, open, set } = staged()
    open()
    expect(values(events)).toEqual(['100'])
    for (let n = 0; n < 100; n += 1) {
      set(priceOf(String(101 + n)))
      prices.moved('BTC-USD')
      clock.advance(10)
    }
    expect(events.length).toBe(5)
  })

  it('tells when the evidence changes though the value does not', () => {
    const { clock, prices, events, open, set } = staged()
    open()
    set(priceOf('100', 'ACCEPTED', 1))
    prices.moved('BTC-USD')
    clock.advance(250)
    set(priceOf('100', 'DEGRADED', 1))
    clock.advance(1_000)
    expect(events.map(({ price }) => price.reconciliation.verdict)).toEqual([
      'ACCEPTED',
      'ACCEPTED',
      'DEGRADED',
    ])
    clock.advance(5_000)
    expect(events).toHaveLength(3)
  })

  it('asks nobody and keeps no timer when nobody reads', () => {
    const { clock, open, asked, prices } = staged()
    const close = open()
    close()
    close()
    const before = asked()
    clock.advance(10_000)
    expect([asked() - before, clock.pendingTimers, prices.readers]).toEqual([0, 0, 0])
  })
})

describe('a latency', () => {
  it('reports mean, median and 99th percentile of the last five minutes, to a bucket', () => {
    const clock = new TestClock()
    const latency = createLatency(clock)
    for (let ms = 1; ms <= 100; ms += 1) latency.note(ms)
    const { count, meanMs, p50Ms, p99Ms } = latency.summary()
    expect([count, meanMs]).toEqual([100, 50.5])
    expect(p50Ms).toBeGreaterThanOrEqual(50)
    expect(p50Ms).toBeLessThan(54)
    expect(p99Ms).toBeGreaterThanOrEqual(99)
    expect(p99Ms).toBeLessThan(107)
    clock.advance(300_000)
    expect(latency.summary()).toEqual({ count: 0, meanMs: null, p50Ms: null, p99Ms: null })
  })

  it('counts a negative duration, which only two clocks that disagree can make, as none', () => {
    const latency = createLatency(new TestClock())
    latency.note(-5)
    expect(latency.summary().meanMs).toBe(0)
  })
})
