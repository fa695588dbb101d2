import { describe, expect, it } from 'vitest'
import { needsFallback, reconcile } from '../../src/domain/reconcile.ts'
import type { Claim, Policy } from '../../src/domain/reconcile.ts'
import { NOW, claim, claims, policy } from '../support/claims.ts'

const decide = (heard: readonly Claim[], rules: Partial<Policy> = {}) => {
  const { value, confidence, sources, reconciliation } = reconcile(heard, policy(rules))
  const { verdict, median, used, dropped } = reconciliation
  return { value, confidence, sources, verdict, median, used, dropped }
}

describe('the price of several sources', () => {
  it('is the median of those within 1 %, the outlier shown at 10.99 %', () => {
    const { value, verdict, median, used, dropped } = decide(claims('45000', '45050', '50000'))
    expect({ value, verdict, median }).toEqual({ value: '45025', verdict: 'ACCEPTED', median: '45050' })
    expect(used.map((quote) => quote.source)).toEqual(['COINBASE', 'KRAKEN'])
    expect(dropped).toMatchObject([{ source: 'BINANCE', reason: 'OUTLIER', value: '50000' }])
    expect(dropped[0]?.deviationPercent?.toFixed(2)).toBe('10.99')
  })

  it('is refused when the outliers leave one', () => {
    const { value, verdict, used, dropped } = decide(claims('45000', '50000', '40000'))
    expect({ value, verdict }).toEqual({ value: null, verdict: 'TOO_FEW_SOURCES' })
    expect([used.length, dropped.length]).toEqual([1, 2])
  })

  it('leaves out what is not a number', () => {
    const { value, verdict, dropped } = decide(claims('100', '100.1', 'NaN'))
    expect({ value, verdict }).toEqual({ value: '100.05', verdict: 'ACCEPTED' })
    expect(dropped).toMatchObject([{ reason: 'MALFORMED', value: null, deviationPercent: null }])
  })

  it('is a conflict between two more than 1 % apart, with both shown', () => {
    const { value, verdict, used } = decide(claims('100', '102.1'))
    expect({ value, verdict }).toEqual({ value: null, verdict: 'CONFLICT' })
    expect(used.map((quote) => quote.value)).toEqual(['100', '102.1'])
  })

  it('keeps a source exactly at the bound and drops one a digit beyond it', () => {
    expect(decide(claims('100', '100', '101')).dropped).toEqual([])
    expect(decide(claims('100', '100', '101.00000000000000000001')).dropped).toHaveLength(1)
    expect(decide(claims('60', '60', '60.6')).dropped).toEqual([])
    expect(decide(claims('60', '60', '60.6')).used.map((quote) => quote.deviationPercent)).toEqual([0, 0, 1])
  })

  it('keeps the digits of the source it falls on', () => {
    expect(decide(claims('64213.10', '64213.0', '64214')).value).toBe('64213.10')
    expect(decide(claims('100', '100.0', '100.00')).value).toBe('100.0')
  })

  it('is the middle of an even number, and cuts the ends off a mean', () => {
    const heard = claims('100', '100.2', '100.3', '100.9')
    expect(decide(heard).value).toBe('100.25')
    expect(decide(heard, { method: 'TRIMMED_MEAN' }).value).toBe('100.25')
    expect(decide(claims('100', '100.4', '100.9'), { method: 'TRIMMED_MEAN' }).value).toBe('100.4')
    expect(decide(claims('100', '100.1', '100.2', '100.3', '100.9'), { method: 'TRIMMED_MEAN' }).value).toBe(
      '100.2',
    )
    expect(decide(claims('100', '100.2'), { method: 'TRIMMED_MEAN' }).value).toBe('100.1')
  })

  it('does not use what is zero, negative, silent, failed or too old', () => {
    const { dropped, used } = decide([
      claim('COINBASE', '100'),
      claim('KRAKEN', '100'),
      claim('BINANCE', '0'),
      claim('OKX', null, { failure: 'CIRCUIT_OPEN', observedAt: null, receivedAt: null }),
      claim('COINGECKO', '100.2', { observedAt: NOW - 60_001 }),
      claim('COINPAPRIKA', null),
    ])
    expect(used).toHaveLength(2)
    expect(dropped.map(({ source, reason }) => `${source} ${reason}`)).toEqual([
      'BINANCE MALFORMED',
      'OKX CIRCUIT_OPEN',
      'COINGECKO STALE',
      'COINPAPRIKA UNAVAILABLE',
    ])
    expect(dropped[2]).toMatchObject({ value: '100.2', deviationPercent: 0.2 })
  })

  it('does not take a clock that runs ahead for freshness', () => {
    const ahead = { observedAt: NOW + 3_600_000, receivedAt: NOW - 120_000 }
    expect(decide([...claims('100', '100'), claim('BINANCE', '100', ahead)]).dropped).toMatchObject([
      { reason: 'STALE' },
    ])
  })

  it('is as old as the oldest used and arrived with the last', () => {
    const answer = reconcile(
      [
        claim('KRAKEN', '100', { observedAt: NOW - 9_000, receivedAt: NOW - 10 }),
        claim('COINBASE', '100', { observedAt: NOW - 2_000, receivedAt: NOW - 1_500 }),
        claim('OKX', '120', { observedAt: NOW - 20_000, receivedAt: NOW }),
      ],
      policy(),
    )
    expect(answer).toMatchObject({ observedAt: NOW - 9_000, receivedAt: NOW - 10 })
    expect(answer.sources).toEqual(['COINBASE', 'KRAKEN'])
  })

  it('takes a converted quote as given and shows the rate', () => {
    const conversion = { symbol: 'USDT-USD', rate: '0.9998' }
    const { used } = decide([claim('COINBASE', '100'), claim('BINANCE', '100.01', { conversion })])
    expect(used[1]?.conversion).toEqual(conversion)
  })

  it('hears a source once, its first claim', () => {
    const usdt = claim('BINANCE', '100', { conversion: { symbol: 'USDT-USD', rate: '1' } })
    const usdc = claim('BINANCE', '100', { conversion: { symbol: 'USDC-USD', rate: '1' } })
    expect(decide([usdt, usdc])).toMatchObject({ verdict: 'TOO_FEW_SOURCES', sources: ['BINANCE'] })
    const heard = decide([usdt, ...claims('100', '100.1'), usdc, claim('BINANCE', '150')])
    expect(heard).toEqual(decide([usdt, ...claims('100', '100.1')]))
  })

  it('says which rules were in force', () => {
    expect(reconcile(claims('1', '1'), policy({ maxDeviation: 0.07 })).reconciliation.policy).toEqual({
      maxDeviationPercent: 7,
      minSources: 2,
      minConfidence: 0.7,
    })
  })
})

describe('a source that was dropped', () => {
  it('comes back within half the bound and not before', () => {
    const at = (value: string) => decide(claims('100', '100', value), { wasDropped: ['BINANCE'] })
    expect(at('100.8').dropped).toMatchObject([
      { source: 'BINANCE', reason: 'OUTLIER', deviationPercent: 0.8 },
    ])
    expect(at('100.5').dropped).toEqual([])
    expect(decide(claims('100', '100', '100.8')).dropped).toEqual([])
  })
})

describe('confidence', () => {
  it('passes two sources 0.3 % apart and refuses two 1 % apart', () => {
    expect(decide(claims('100', '100.3'))).toMatchObject({ verdict: 'ACCEPTED', value: '100.15' })
    expect(decide(claims('99.5', '100.5'))).toMatchObject({ verdict: 'LOW_CONFIDENCE', value: null })
  })

  it('has these vectors', () => {
    expect(decide(claims('100', '100')).confidence).toBe(0.8333)
    expect(decide(claims('100', '100.3')).confidence).toBe(0.7778)
    expect(decide(claims('99.5', '100.5')).confidence).toBe(0)
    expect(decide(claims('45000', '45050', '50000')).confidence).toBe(0.8163)
    expect(decide(claims('100', '100', '100')).confidence).toBe(0.9091)
    expect(decide(claims('100', '100.3', '99.7')).confidence).toBe(0.8749)
    expect(decide(claims('100', '100', '100', '100')).confidence).toBe(0.9375)
    expect(decide(claims('100', '100', '100', '100', '100', '100')).confidence).toBe(0.9524)
    expect(decide(claims('45000', '50000', '40000')).confidence).toBe(0)
    expect(decide([]).confidence).toBe(0)
  })

  it('opens the gate at little over half the bound, the figure shown being the one decided on', () => {
    expect(decide(claims('100', '100.53'))).toMatchObject({ confidence: 0.7015, verdict: 'ACCEPTED' })
    expect(decide(claims('100', '100.54'))).toMatchObject({ confidence: 0.697, verdict: 'LOW_CONFIDENCE' })
    // 0.69997 before it is rounded, and shown as 0.7.
    expect(decide(claims('100', '100.5334'))).toMatchObject({ confidence: 0.7, verdict: 'ACCEPTED' })
  })

  it('counts two aggregators as one vote', () => {
    const aggregators = [claim('COINGECKO', '100'), claim('COINPAPRIKA', '100')]
    expect(decide(aggregators).confidence).toBe(0.8261)
    expect(decide([claim('COINGECKO', '100'), claim('COINPAPRIKA', '100.3')])).toMatchObject({
      confidence: 0.7688,
      verdict: 'ACCEPTED',
    })
    expect(decide([...aggregators, claim('KRAKEN', '100')]).confidence).toBe(
      decide(claims('100', '100')).confidence,
    )
    const apart = [claim('COINGECKO', '100'), claim('COINPAPRIKA', '100.4'), claim('KRAKEN', '100.1')]
    expect(decide(apart).confidence).toBe(decide([...apart.slice(0, 1), ...apart.slice(2)]).confidence)
  })

  it('is that of those left, when a newcomer tips the majority', () => {
    const camps = claims('101.79', '101.79', '101.81', '98.95', '98.87')
    const tipped = [...camps, claim('COINPAPRIKA', '98.63')]
    expect(decide(camps)).toMatchObject({ confidence: 0.9083, verdict: 'ACCEPTED', value: '101.79' })
    expect(decide(tipped)).toMatchObject({ confidence: 0, verdict: 'TOO_FEW_SOURCES', value: null })
  })

  it('gives hot symbols at most a degraded price from aggregators alone, warm ones a full one', () => {
    const aggregators = [claim('COINGECKO', '100'), claim('COINPAPRIKA', '100.2')]
    expect(decide(aggregators, { isHot: true })).toMatchObject({ verdict: 'DEGRADED', value: '100.1' })
    expect(decide(aggregators)).toMatchObject({ verdict: 'ACCEPTED', value: '100.1' })
    const exchange = [...aggregators, claim('KRAKEN', '100')]
    expect(decide(exchange, { isHot: true })).toMatchObject({ verdict: 'ACCEPTED' })
  })

  it('accepts one source only where one is all that is asked for, and then two that nobody contradicts', () => {
    expect(decide(claims('100'))).toMatchObject({ confidence: 0, verdict: 'TOO_FEW_SOURCES', value: null })
    const one = { minSources: 1 }
    expect(decide(claims('100'), one)).toMatchObject({ confidence: 0.7, verdict: 'ACCEPTED', value: '100' })
    expect(decide(claims('100', '100.9'), one)).toMatchObject({ confidence: 0.7, verdict: 'ACCEPTED' })
    expect(decide(claims('100', '102.1'), one)).toMatchObject({ verdict: 'CONFLICT' })
    expect(decide(claims('100', '90', '110'), one)).toMatchObject({
      confidence: 0,
      verdict: 'LOW_CONFIDENCE',
    })
  })
})

describe('asking further sources', () => {
  const asks = (heard: readonly Claim[], rules: Partial<Policy> = {}) =>
    needsFallback(reconcile(heard, policy(rules)), policy(rules))

  it('is for what would be refused, and for hot symbols without an exchange', () => {
    const aggregators = [claim('COINGECKO', '100'), claim('COINPAPRIKA', '100')]
    expect(asks([])).toBe(true)
    expect(asks(claims('100', '102.1'))).toBe(true)
    expect(asks(aggregators)).toBe(false)
    expect(asks(aggregators, { isHot: true })).toBe(true)
    expect(asks([...aggregators, claim('KRAKEN', '100')], { isHot: true })).toBe(false)
  })
})
