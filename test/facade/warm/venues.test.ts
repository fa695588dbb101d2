/** Candles, books, liquidity, surge and derivatives over the simulated venues. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KlineSeries } from '../../../src/domain/answer.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { INTERVAL_MS, VENUES } from '../../../src/domain/market.ts'
import type { Interval } from '../../../src/domain/market.ts'
import { realClock } from '../../support/real-clock.ts'
import { startSimulated, until } from './simulated.ts'
import type { Simulated } from './simulated.ts'

let sim: Simulated

beforeAll(async () => {
  const symbols = ['BTC-USD', 'ETH-USD', 'ADA-USD', 'USDT-USD', 'BTC-USDT', 'ADA-USDT', 'ETH-USDT']
  sim = await startSimulated({ symbols, hotSymbols: ['BTC-USD', 'BTC-USDT'] })
})
afterAll(async () => {
  await sim.close()
})

function value<T>(outcome: Outcome<T> | undefined): T {
  if (outcome === undefined) throw new Error('no outcome')
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

const candles = async (
  symbol: string,
  interval: Interval,
  last: number,
  { before = null, asOf = null }: { before?: number | null; asOf?: number | null } = {},
): Promise<KlineSeries> => value(await sim.facade.warm.klines({ symbol, interval, last, before, asOf }))

describe('candles', () => {
  it('are agreed between the venues that list the market, the newest still open', async () => {
    const series = await candles('ADA-USDT', 'H1', 50)
    expect(series.nodes.length + series.rejected.length).toBe(50)
    expect(series.nodes.length).toBeGreaterThan(45)
    const newest = series.nodes.at(-1)
    expect(newest?.isClosed).toBe(false)
    expect(series.nodes.at(-2)?.isClosed).toBe(true)
    expect(newest?.reconciliation.close.used.length).toBeGreaterThanOrEqual(2)
    expect(series.attribution.authority).toBe('RECONCILED')
    expect(series.attribution.cache?.status).toBe('MISS')
    expect(series.attribution.snapshot?.id).toMatch(/^[0-9a-f]{64}$/)
  })

  it('page back without repeating or skipping one', async () => {
    const ms = INTERVAL_MS.M15
    let before: number | null = null
    const seen: number[] = []
    for (let page = 0; page < 4; page += 1) {
      const series: KlineSeries = await candles('BTC-USDT', 'M15', 130, { before })
      const times = [...series.nodes, ...series.rejected].map(({ openTime }) => openTime)
      expect(times).toHaveLength(130)
      seen.unshift(...times.toSorted((a, b) => a - b))
      expect(series.pageInfo.hasPreviousPage).toBe(true)
      before = series.pageInfo.startCursor
    }
    for (const [index, time] of seen.entries()) expect(time).toBe((seen[0] ?? 0) + index * ms)
    expect(new Set(seen).size).toBe(520)
  })

  it('five thousand hours of four venues stay within each budget, and cost nothing the second time', async () => {
    const before = VENUES.map((venue) => sim.requests(venue))
    const series = await candles('ETH-USDT', 'H1', 5_000)
    const spent = VENUES.map((venue, index) => sim.requests(venue) - (before[index] ?? 0))
    expect(series.nodes.length).toBeGreaterThan(4_900)
    // Binance 1,000 a request, OKX 300, Coinbase 350, Kraken 720 in all.
    expect(spent[0]).toBeLessThanOrEqual(7)
    expect(spent[1]).toBeLessThanOrEqual(19)
    expect(spent[2]).toBeLessThanOrEqual(19)
    expect(spent[3]).toBeLessThanOrEqual(9)
    const again = await candles('ETH-USDT', 'H1', 5_000)
    expect(again.attribution.cache?.status).toBe('HIT')
    const other = await candles('ETH-USDT', 'H1', 4_000)
    expect(other.nodes.at(0)?.openTime).toBeGreaterThan(series.nodes.at(0)?.openTime ?? 0)
    expect(VENUES.map((venue, index) => sim.requests(venue) - (before[index] ?? 0))).toEqual(spent)
  })

  it('of four hours are agreed between all four venues', async () => {
    const series = await candles('ADA-USDT', 'H4', 20)
    const { used, dropped } = series.nodes[5]?.reconciliation.close ?? {}
    expect(used?.map(({ source }) => source).toSorted()).toEqual(VENUES.toSorted())
    expect(dropped).toEqual([])
  })

  it('further back than Kraken serves are agreed without it, and it is not asked in vain', async () => {
    const before = sim.requests('KRAKEN', 'OHLC')
    const series = await candles('ADA-USDT', 'M30', 50, {
      before: realClock.now() - 800 * INTERVAL_MS.M30,
    })
    expect(sim.requests('KRAKEN', 'OHLC')).toBe(before)
    const { used, dropped } = series.nodes[5]?.reconciliation.close ?? { used: [], dropped: [] }
    expect(used.map(({ source }) => source)).not.toContain('KRAKEN')
    expect(dropped).toContainEqual(expect.objectContaining({ source: 'KRAKEN', reason: 'UNAVAILABLE' }))
    // The newest 720 are within its reach, and no more are asked for.
    await candles('ADA-USDT', 'M30', 1_000)
    expect(sim.requests('KRAKEN', 'OHLC') - before).toBeLessThanOrEqual(2)
  })

  it('of the past come from the record, the same bytes, cut to what is asked', async () => {
    const series = await candles('ADA-USDT', 'M5', 40)
    const asOf = series.attribution.snapshot?.takenAt ?? 0
    const before = VENUES.map((venue) => sim.requests(venue))
    const past = await candles('ADA-USDT', 'M5', 30, { asOf })
    expect(past.nodes).toEqual(series.nodes.slice(-past.nodes.length))
    expect(past.attribution.snapshot).toEqual(series.attribution.snapshot)
    expect(JSON.stringify(await candles('ADA-USDT', 'M5', 30, { asOf }))).toBe(JSON.stringify(past))
    expect(VENUES.map((venue) => sim.requests(venue))).toEqual(before)
  })

  it('are refused beyond 5,000', async () => {
    const request = { symbol: 'BTC-USD', interval: 'H1' as const, last: 5_001, before: null, asOf: null }
    expect(await sim.facade.warm.klines(request)).toMatchObject({
      ok: false,
      error: { code: 'BAD_USER_INPUT', facts: { argument: 'last', limit: 5_000 } },
    })
  })
})

describe('funding and open interest', () => {
  it('of many markets cost one refresh of each venue', async () => {
    const venues = ['BINANCE', 'OKX', 'KRAKEN'] as const
    const symbols = ['BTC-USD', 'ETH-USD', 'ADA-USD']
    const asked = symbols.flatMap((symbol) => venues.map((venue) => ({ symbol, venue, asOf: null })))
    const outcomes = await sim.facade.warm.funding(asked)
    const funding = outcomes.map(value)
    expect(funding.map(({ instrument }) => instrument)).toEqual([
      'BTCUSDT',
      'BTC-USDT-SWAP',
      'PF_XBTUSD',
      'ETHUSDT',
      'ETH-USDT-SWAP',
      'PF_ETHUSD',
      'ADAUSDT',
      'ADA-USDT-SWAP',
      'PF_ADAUSD',
    ])
    for (const each of funding) {
      expect(Math.abs(Number(each.rate))).toBeLessThan(0.05)
      expect([1, 4, 8]).toContain(each.intervalHours)
      expect(each.attribution).toMatchObject({ authority: 'EXCHANGE_NATIVE', sources: [each.venue] })
    }
    const before = VENUES.map((venue) => sim.requests(venue))
    const [again] = await sim.facade.warm.funding(asked)
    expect(value(again).attribution.cache?.status).toBe('HIT')
    expect((await sim.facade.warm.funding(asked))[0]).toBe(again)
    expect(VENUES.map((venue) => sim.requests(venue))).toEqual(before)
    const interest = (await sim.facade.warm.openInterest(asked)).map(value)
    // Base units whatever the venue counts in: of one magnitude everywhere.
    const btc = interest.slice(0, 3).map((each) => Number(each.value))
    expect(Math.max(...btc) / Math.min(...btc)).toBeLessThan(50)
  })

  it('are NOT_LISTED where there is no perpetual', async () => {
    const [outcome] = await sim.facade.warm.funding([{ symbol: 'USDT-USD', venue: 'BINANCE', asOf: null }])
    expect(outcome).toMatchObject({ ok: false, error: { code: 'NOT_LISTED' } })
  })

  it('of the past come from the record', async () => {
    const request = { symbol: 'BTC-USD', venue: 'KRAKEN' as const }
    const now = value((await sim.facade.warm.funding([{ ...request, asOf: null }]))[0])
    const takenAt = now.attribution.snapshot?.takenAt ?? 0
    const past = value((await sim.facade.warm.funding([{ ...request, asOf: takenAt }]))[0])
    expect({ ...past, attribution: null }).toEqual({ ...now, attribution: null })
    expect(past.attribution.snapshot).toEqual(now.attribution.snapshot)
  })
})

describe('volume surge', () => {
  it('takes one request a market, and none again within the hour', async () => {
    const asked = ['ADA-USDT', 'BTC-USDT'].map((symbol) => ({ symbol, venue: 'OKX' as const, asOf: null }))
    const [first] = await sim.facade.warm.vadr(asked)
    expect(value(first)).toMatchObject({ isFrozen: false, hours: 168 })
    expect(value(first).value).toBeGreaterThan(0)
    expect(value((await sim.facade.warm.vadr(asked))[0]).attribution.cache?.status).toBe('HIT')
  })

  it('is NOT_LISTED where the venue does not have the market', async () => {
    const [outcome] = await sim.facade.warm.vadr([{ symbol: 'BTC-USD', venue: 'BINANCE', asOf: null }])
    expect(outcome).toMatchObject({ ok: false, error: { code: 'NOT_LISTED' } })
  })
})

describe('books and liquidity', () => {
  it('of a streamed market are live, without a cache', async () => {
    await until(
      () => sim.facade.hot.mids('BTC-USD').filter(({ state }) => state === 'LIVE').length === 2,
      'live books',
    )
    const book = value(await sim.facade.warm.book({ symbol: 'BTC-USD', venue: null, depth: 5, asOf: null }))
    expect(book).toMatchObject({ state: 'LIVE', attribution: { tier: 'HOT', cache: null, snapshot: null } })
    expect(book.bids).toHaveLength(5)
    const request = { symbol: 'BTC-USD', venue: 'COINBASE' as const, withinPercent: 2, asOf: null }
    const liquidity = value((await sim.facade.warm.liquidity([request]))[0])
    expect(liquidity.attribution).toMatchObject({ tier: 'HOT', cache: null })
    expect(Number(liquidity.bidDepth)).toBeGreaterThan(0)
  })

  it('of a market nobody streams are fetched, kept for a moment and recorded', async () => {
    const request = { symbol: 'ADA-USD', venue: 'COINBASE' as const, withinPercent: 2, asOf: null }
    const first = value((await sim.facade.warm.liquidity([request]))[0])
    expect(first.attribution).toMatchObject({ tier: 'WARM', cache: { status: 'MISS', ttlSeconds: 15 } })
    const second = value((await sim.facade.warm.liquidity([{ ...request, withinPercent: 1 }]))[0])
    expect(second.attribution.cache?.status).toBe('HIT')
    const asOf = first.attribution.snapshot?.takenAt ?? 0
    const past = value((await sim.facade.warm.liquidity([{ ...request, asOf }]))[0])
    expect(past.bidDepth).toBe(first.bidDepth)
    // At any other distance: what was answered then, or what is known to have rested there at least.
    const near = value((await sim.facade.warm.liquidity([{ ...request, withinPercent: 1, asOf }]))[0])
    expect(near).toMatchObject({
      withinPercent: 1,
      bidDepth: second.bidDepth,
      askDepth: second.askDepth,
      isComplete: true,
    })
    const between = { ...request, withinPercent: 1.3 }
    const then = value((await sim.facade.warm.liquidity([{ ...between, asOf }]))[0])
    const now = value((await sim.facade.warm.liquidity([between]))[0])
    expect(then).toMatchObject({ bidDepth: near.bidDepth, askDepth: near.askDepth, isComplete: false })
    expect(Number(then.bidDepth)).toBeLessThanOrEqual(Number(now.bidDepth))
    const book = value(await sim.facade.warm.book({ symbol: 'ADA-USD', venue: 'COINBASE', depth: 10, asOf }))
    expect(book.bids).toHaveLength(10)
    expect(book.attribution.snapshot?.id).toBe(first.attribution.snapshot?.id)
  })

  it('of several venues merge, naming who is left out and why', async () => {
    const merged = value(
      await sim.facade.warm.consolidatedBook({ symbol: 'BTC-USD', depth: 10, venues: null }),
    )
    expect(merged.venues).toEqual(['COINBASE', 'KRAKEN'])
    expect(merged.excluded).toEqual([
      { venue: 'BINANCE', reason: 'NOT_LISTED' },
      { venue: 'OKX', reason: 'NOT_LISTED' },
    ])
    expect(merged.bids).toHaveLength(10)
  })
})

describe('a hot price', () => {
  it('joins live mids, converted tether markets and the aggregators', async () => {
    await until(
      () => sim.facade.hot.mids('BTC-USDT').filter(({ state }) => state === 'LIVE').length === 4,
      'live tether books',
    )
    const [outcome] = await sim.facade.warm.prices([{ symbol: 'BTC-USD', method: null, asOf: null }])
    const { reconciliation, attribution } = value(outcome)
    expect(reconciliation.verdict).toBe('ACCEPTED')
    expect(reconciliation.used.map(({ source }) => source)).toEqual([
      'COINGECKO',
      'COINPAPRIKA',
      'BINANCE',
      'OKX',
      'COINBASE',
      'KRAKEN',
    ])
    const binance = reconciliation.used.find(({ source }) => source === 'BINANCE')
    expect(binance?.conversion?.symbol).toBe('USDT-USD')
    expect(attribution.cache?.ttlSeconds).toBe(5)
  })

  it('does not move when tether loses 3 %, and shows the rate it converted at', async () => {
    const live = () => {
      let price: string | null = null
      const outcome = sim.facade.hot.prices({ symbols: ['BTC-USD'], maxRate: null })
      if (!outcome.ok) throw outcome.error
      const close = outcome.value.feed.open({ next: ({ price: p }) => (price = p.value), end: () => {} })
      close()
      return price
    }
    const mid = () => {
      const binance = sim.facade.hot.mids('BTC-USDT').find(({ venue }) => venue === 'BINANCE')
      return Number(binance?.mid)
    }
    const before = Number(live())
    const midBefore = mid()
    sim.simulation.fault({ kind: 'depeg', factor: 0.97 })
    await until(() => mid() > midBefore * 1.02, 'tether prices that have risen')
    const after = Number(live())
    sim.simulation.clear()
    expect(Math.abs(after / before - 1)).toBeLessThan(0.005)
  })
})
