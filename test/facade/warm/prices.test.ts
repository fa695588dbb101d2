/** Prices from the facade over sources that say exactly what each sentence needs. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Price, ReconciliationMethod } from '../../../src/domain/attribution.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { openStage } from './stage.ts'
import type { Stage, StageOptions } from './stage.ts'

let stage: Stage

afterEach(async () => {
  await stage.close()
})

const open = async (options: StageOptions = {}): Promise<Stage> => {
  stage = await openStage(options)
  return stage
}

async function ask(
  symbol: string,
  { method = null, asOf = null }: { method?: ReconciliationMethod | null; asOf?: number | null } = {},
): Promise<Outcome<Price>> {
  const [outcome] = await stage.facade.warm.prices([{ symbol, method, asOf }])
  if (outcome === undefined) throw new Error('no outcome')
  return outcome
}

async function price(symbol: string, options: Parameters<typeof ask>[1] = {}): Promise<Price> {
  const outcome = await ask(symbol, options)
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

describe('a warm price', () => {
  it('rests on the aggregators alone while they agree, one request each', async () => {
    const { counts } = await open()
    const before = { ...counts }
    const answer = await price('BTC-USD')
    expect(answer.value).toBe('100.00')
    expect(answer.reconciliation.verdict).toBe('ACCEPTED')
    expect(answer.attribution.sources).toEqual(['COINGECKO', 'COINPAPRIKA'])
    expect(answer.attribution.tier).toBe('WARM')
    expect(counts.COINGECKO - before.COINGECKO).toBe(1)
    expect(counts.COINPAPRIKA - before.COINPAPRIKA).toBe(1)
    expect(counts.COINBASE - before.COINBASE).toBe(0)
  })

  it('is the same object for everyone until its time is up, then asked for again', async () => {
    const { clock, counts } = await open()
    const first = await price('BTC-USD')
    const second = await price('BTC-USD')
    const third = await price('BTC-USD')
    expect(first.attribution.cache).toMatchObject({ status: 'MISS', ttlSeconds: 30 })
    expect(second.attribution.cache).toMatchObject({ status: 'HIT', ttlSeconds: 30 })
    expect(third).toBe(second)
    expect(second.attribution.cache?.cachedAt).toBe(first.attribution.cache?.cachedAt)
    const before = counts.COINGECKO
    clock.advance(29_000)
    expect(await price('BTC-USD')).toBe(second)
    clock.advance(2_000)
    expect((await price('BTC-USD')).attribution.cache?.status).toBe('MISS')
    expect(counts.COINGECKO).toBe(before + 1)
  })

  it('asks the exchanges in the same breath when two aggregators are in conflict', async () => {
    const { say } = await open()
    say('COINGECKO', 'BTC-USD', '100')
    say('COINPAPRIKA', 'BTC-USD', '110')
    say('COINBASE', 'BTC-USD', '100.1')
    say('KRAKEN', 'BTC-USD', '100.2')
    const { value, reconciliation } = await price('BTC-USD')
    expect(reconciliation.verdict).toBe('ACCEPTED')
    expect(value).toBe('100.1')
    expect(reconciliation.dropped).toMatchObject([{ source: 'COINPAPRIKA', reason: 'OUTLIER', value: '110' }])
  })

  it('is null and says CONFLICT when nobody can settle it', async () => {
    const { say, mood } = await open()
    say('COINGECKO', 'BTC-USD', '100')
    say('COINPAPRIKA', 'BTC-USD', '102.1')
    mood('COINBASE', { status: 500 })
    mood('KRAKEN', { status: 500 })
    const { value, reconciliation } = await price('BTC-USD')
    expect(value).toBeNull()
    expect(reconciliation.verdict).toBe('CONFLICT')
    expect(reconciliation.dropped.map(({ source, reason }) => [source, reason])).toEqual([
      ['COINBASE', 'UNAVAILABLE'],
      ['KRAKEN', 'UNAVAILABLE'],
    ])
  })

  it('says why each source is missing', async () => {
    const { mood } = await open()
    mood('COINGECKO', { status: 429, retryAfter: 30 })
    mood('COINPAPRIKA', 'html')
    const { value, reconciliation } = await price('BTC-USD')
    expect(value).toBe('100.00')
    expect(reconciliation.used.map(({ source }) => source)).toEqual(['COINBASE', 'KRAKEN'])
    expect(reconciliation.dropped.map(({ source, reason }) => [source, reason])).toEqual([
      ['COINGECKO', 'RATE_LIMITED'],
      ['COINPAPRIKA', 'MALFORMED'],
    ])
  })

  it('is served past its time, and says so, when every source fails, but not beyond ten times', async () => {
    const { clock, mood } = await open()
    const fresh = await price('BTC-USD')
    for (const player of ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN'] as const) {
      mood(player, { status: 503 })
    }
    clock.advance(31_000)
    const stale = await price('BTC-USD')
    expect(stale.attribution.cache?.status).toBe('STALE')
    expect(stale.value).toBe(fresh.value)
    expect(stale.attribution.text).toMatch(/stale: 31 s old/)
    expect(stale.attribution.snapshot).toEqual(fresh.attribution.snapshot)
    clock.advance(270_000)
    const gone = await ask('BTC-USD')
    expect(gone).toMatchObject({ ok: false, error: { code: 'SOURCE_UNAVAILABLE' } })
    if (gone.ok) return
    expect(gone.error.facts.retryAt).toBeGreaterThan(clock.now())
  })

  it('does not keep a reader waiting for sources that hang while a value past its time is at hand', async () => {
    const { clock, mood, breathe } = await open()
    await price('BTC-USD')
    for (const player of ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN'] as const) mood(player, 'hang')
    clock.advance(31_000)
    let answer: Price | null = null
    void price('BTC-USD').then((value) => (answer = value))
    await breathe()
    expect(answer).toBeNull()
    clock.advance(1_000)
    await breathe()
    expect(answer).toMatchObject({ value: '100.00', attribution: { cache: { status: 'STALE' } } })
  })

  it('is back with the next question once a source answers again', async () => {
    const { clock, mood } = await open()
    for (const player of ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN'] as const) {
      mood(player, { status: 503 })
    }
    expect((await ask('BTC-USD')).ok).toBe(false)
    mood('COINGECKO', null)
    mood('COINPAPRIKA', null)
    clock.advance(1_000)
    expect((await price('BTC-USD')).value).toBe('100.00')
  })

  it('refuses a symbol that is not configured, and answers the others', async () => {
    await open()
    const outcomes = await stage.facade.warm.prices([
      { symbol: 'DOGE-EUR', method: null, asOf: null },
      { symbol: 'BTC-USD', method: null, asOf: null },
    ])
    expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'UNKNOWN_SYMBOL' } })
    expect(outcomes[1]).toMatchObject({ ok: true })
  })

  it('of a market quoted in tether comes from exchanges; aggregators do not list it', async () => {
    await open()
    const { value, reconciliation } = await price('BTC-USDT')
    expect(value).toBe('100.00')
    expect(reconciliation.used.map(({ source }) => source)).toEqual(['COINBASE', 'KRAKEN'])
  })
})

describe('by another method', () => {
  it('recomputes the same recorded inputs and asks nobody', async () => {
    const { say, mood, counts } = await open()
    mood('COINPAPRIKA', { status: 500 })
    say('COINGECKO', 'BTC-USD', '100')
    say('COINBASE', 'BTC-USD', '100.2')
    say('KRAKEN', 'BTC-USD', '100.6')
    const median = await price('BTC-USD')
    const before = { ...counts }
    const mean = await price('BTC-USD', { method: 'TRIMMED_MEAN' })
    expect(median.reconciliation.method).toBe('TRIMMED_MEDIAN')
    expect(mean.reconciliation.method).toBe('TRIMMED_MEAN')
    expect(mean.attribution.snapshot).toEqual(median.attribution.snapshot)
    expect(mean.reconciliation.used.map(({ source }) => source)).toEqual(
      median.reconciliation.used.map(({ source }) => source),
    )
    expect(await price('BTC-USD', { method: 'TRIMMED_MEAN' })).toBe(mean)
    expect(counts).toEqual(before)
  })
})

describe('USD is not USDT', () => {
  const tether = { symbols: ['BTC-USD', 'USDT-USD', 'BTC-USDT'] }

  it('converts a source that quotes tether at a rate that was itself agreed', async () => {
    const { say, mood } = await open(tether)
    mood('COINPAPRIKA', { status: 500 })
    say('KRAKEN', 'BTC-USD', null)
    // The listings were read with BTC-USD in them: renew them as an hour passing does.
    stage.clock.advance(3_600_000)
    await stage.breathe()
    await stage.facade.settled()
    await new Promise((resolve) => setTimeout(resolve, 50))
    say('KRAKEN', 'BTC-USDT', '103.10')
    say('KRAKEN', 'USDT-USD', '0.97')
    say('COINBASE', 'USDT-USD', '0.97')
    say('COINGECKO', 'USDT-USD', '0.97')
    const { value, reconciliation } = await price('BTC-USD')
    const kraken = reconciliation.used.find(({ source }) => source === 'KRAKEN')
    expect(kraken).toMatchObject({ value: '100.007', conversion: { symbol: 'USDT-USD', rate: '0.97' } })
    expect(value).toBe('100.00')
    expect(reconciliation.dropped.map(({ source }) => source)).toEqual(['COINPAPRIKA'])
  })
})

describe('at a past instant', () => {
  it('answers the newest record not after it, the same bytes for ever, and asks nobody', async () => {
    const { clock, say, counts } = await open()
    const old = await price('BTC-USD')
    const then = clock.now()
    clock.advance(60_000)
    say('COINGECKO', 'BTC-USD', '200')
    say('COINPAPRIKA', 'BTC-USD', '200')
    expect((await price('BTC-USD')).value).toBe('200')
    const before = { ...counts }
    const past = await price('BTC-USD', { asOf: then + 1_000 })
    expect(past.value).toBe('100.00')
    expect(past.attribution.snapshot).toEqual(old.attribution.snapshot)
    expect(past.attribution.cache).toBeNull()
    const other = await stage.another()
    const [again] = await other.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: then + 1_000 }])
    expect(JSON.stringify(again)).toBe(JSON.stringify({ ok: true, value: past }))
    expect(counts.COINGECKO).toBe(before.COINGECKO)
  })

  it('names the oldest instant held when there is nothing that old, and refuses the future', async () => {
    const { clock } = await open()
    const { attribution } = await price('BTC-USD')
    const early = await ask('BTC-USD', { asOf: clock.now() - 60_000 })
    expect(early).toMatchObject({
      ok: false,
      error: { code: 'SNAPSHOT_NOT_FOUND', facts: { earliest: attribution.snapshot?.takenAt } },
    })
    const future = await ask('BTC-USD', { asOf: clock.now() + 60_000 })
    expect(future).toMatchObject({
      ok: false,
      error: { code: 'BAD_USER_INPUT', facts: { argument: 'asOf' } },
    })
  })
})

describe('however many ask, and for however many', () => {
  const symbols = ['USDT-USD', ...Array.from({ length: 500 }, (_, index) => `C${index}-USD`)]

  it('puts the same number of requests to the sources for 1, 10, 100 and 500 symbols', async () => {
    const { clock, counts } = await open({ symbols })
    const cost = []
    for (const size of [1, 10, 100, 500]) {
      clock.advance(120_000)
      const before = { ...counts }
      const asked = symbols.slice(1, size + 1).map((symbol) => ({ symbol, method: null, asOf: null }))
      const outcomes = await stage.facade.warm.prices(asked)
      expect(outcomes.every((outcome) => outcome.ok && outcome.value.value === '100.00')).toBe(true)
      cost.push([counts.COINGECKO - before.COINGECKO, counts.COINPAPRIKA - before.COINPAPRIKA])
    }
    expect(new Set(cost.map(String)).size).toBe(1)
  })

  it('fetches a cold key once for a thousand readers at once', async () => {
    const { counts } = await open()
    const before = { ...counts }
    const all = await Promise.all(Array.from({ length: 1_000 }, () => price('BTC-USD')))
    expect(new Set(all).size).toBe(1)
    expect(counts.COINGECKO - before.COINGECKO).toBe(1)
    expect(counts.COINPAPRIKA - before.COINPAPRIKA).toBe(1)
  })

  it('fails a thousand readers with one request each source, and forgets the failure within a second', async () => {
    const { clock, counts, mood } = await open()
    const players = ['COINGECKO', 'COINPAPRIKA', 'COINBASE', 'KRAKEN'] as const
    for (const player of players) mood(player, { status: 500 })
    const before = { ...counts }
    const all = await Promise.all(Array.from({ length: 1_000 }, () => ask('BTC-USD')))
    expect(all.every(({ ok }) => !ok)).toBe(true)
    for (const player of players) expect(counts[player] - before[player]).toBe(1)
    for (const player of players) mood(player, null)
    clock.advance(1_000)
    expect((await price('BTC-USD')).value).toBe('100.00')
  })
})
