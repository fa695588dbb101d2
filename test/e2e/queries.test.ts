/** Everything that can be asked once, with every field of its answer, held against what the simulated market really is. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Book, ConsolidatedBook, KlineSeries } from '../../src/domain/answer.ts'
import { DERIVATIVES_VENUES, INTERVALS, INTERVAL_MS, SOURCES, VENUES } from '../../src/domain/market.ts'
import type { Venue } from '../../src/domain/market.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { HOT, SYMBOLS, openHouse } from '../support/house.ts'
import type { House } from '../support/house.ts'
import { allNamed, everythingOf } from '../support/selection.ts'

let house: House
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house.close())

const schema = buildSchema()
const all = (type: string, options: Readonly<Record<string, string | false>> = {}) =>
  everythingOf(schema, type, options)
/** The figures of a market, without those that need to be told a venue. */
const PLAIN = {
  'Market.vadr': false,
  'Market.liquidity': false,
  'Market.funding': false,
  'Market.openInterest': false,
} as const

/** Instants on the wire, by the names the domain gives them. */
type Wire<T> = { [K in keyof T]: T[K] extends number ? T[K] | string : T[K] }
type Priced = { value: string | null; attribution: Attributed; reconciliation: Reconciled }
type Attributed = {
  text: string
  sources: string[]
  tier: string
  cache: { status: string } | null
  snapshot: { id: string; takenAt: string } | null
}
type Reconciled = {
  verdict: string
  method: string
  used: { source: string; conversion: object | null }[]
  dropped: { source: string; reason: string }[]
}
type Markets = {
  markets: ({
    symbol: string
    base: string
    quote: string
    listings: { source: string; spelling: string }[]
    price: Priced
    volume24h: Priced & { unit: string }
  } | null)[]
}

const near = (value: string | null | undefined, truth: number, percent = 1): void => {
  expect(Math.abs(Number(value) / truth - 1) * 100).toBeLessThan(percent)
}

describe('markets', () => {
  it('prices every configured symbol within one percent of the truth, each with its evidence', async () => {
    const { data, errors } = await house.ask<Markets>(
      `query ($symbols: [Symbol!]!) { markets(symbols: $symbols) ${all('Market', PLAIN)} }`,
      { symbols: SYMBOLS },
    )
    expect(errors).toBeUndefined()
    expect(data?.markets.map((market) => market?.symbol)).toEqual(SYMBOLS)
    for (const market of data?.markets ?? []) {
      if (market === null) throw new Error('a configured market is missing')
      near(market.price.value, house.simulation.truth.price(market.symbol))
      expect(`${market.base}-${market.quote}`).toBe(market.symbol)
      const { attribution, reconciliation } = market.price
      expect(reconciliation.verdict).toBe('ACCEPTED')
      expect(attribution.sources).toEqual(reconciliation.used.map(({ source }) => source))
      // A hot price hears everyone; a warm one asks the exchanges only where the aggregators do not agree.
      const heard = [...reconciliation.used, ...reconciliation.dropped].map(({ source }) => source)
      if (HOT.includes(market.symbol)) expect(heard.sort()).toEqual([...SOURCES].sort())
      expect(attribution.cache?.status).toBe('MISS')
      expect(attribution.snapshot?.id).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  it('converts tether quotes into dollars and says at which rate', async () => {
    const { data } = await house.ask<{ market: { price: Priced } }>(
      `{ market(symbol: "BTC-USD") { price ${all('Price')} } }`,
    )
    const conversions = data?.market.price.reconciliation.used.filter(({ conversion }) => conversion !== null)
    expect(conversions?.map(({ source }) => source)).toEqual(['BINANCE', 'OKX'])
    for (const { conversion } of conversions ?? []) {
      expect(conversion).toEqual({ symbol: 'USDT-USD', rate: expect.stringMatching(/^(0\.99|1\.00)/) })
    }
  })

  it('counts volume in the quote currency, reconciled between the two who count all venues', async () => {
    const { data } = await house.ask<{ market: { volume24h: Priced & { unit: string } } }>(
      `{ market(symbol: "ETH-USD") { volume24h ${all('Volume')} } }`,
    )
    expect(data?.market.volume24h).toMatchObject({
      unit: 'USD',
      attribution: { sources: ['COINGECKO', 'COINPAPRIKA'], authority: 'RECONCILED' },
      reconciliation: { policy: { maxDeviationPercent: 15 } },
    })
  })

  it('recomputes a price by another method from the same claims', async () => {
    const { data } = await house.ask<{ market: Record<'median' | 'mean', Priced> }>(
      `{ market(symbol: "BTC-USD") {
        median: price(method: TRIMMED_MEDIAN) ${all('Price')}
        mean: price(method: TRIMMED_MEAN) ${all('Price')}
      } }`,
    )
    const { median, mean } = data?.market ?? {}
    expect(median?.reconciliation.method).toBe('TRIMMED_MEDIAN')
    expect(mean?.reconciliation.method).toBe('TRIMMED_MEAN')
    expect(mean?.attribution.text).toMatch(/mean/i)
    near(mean?.value, Number(median?.value), 0.2)
  })

  it('answers again from the cache, and says so', async () => {
    const query = `{ market(symbol: "XRP-USD") { price { value attribution { cache { status } } } } }`
    await house.ask(query)
    expect((await house.ask(query)).text).toContain('"status":"HIT"')
  })

  it('knows who lists a market, and by which name', async () => {
    const { data } = await house.ask<Markets>(
      '{ markets(symbols: ["BTC-USD"]) { listings { source spelling } } }',
    )
    expect(data?.markets[0]?.listings).toEqual([
      { source: 'COINBASE', spelling: 'BTC-USD' },
      { source: 'KRAKEN', spelling: 'BTC/USD' },
      { source: 'COINGECKO', spelling: 'bitcoin' },
      { source: 'COINPAPRIKA', spelling: 'btc-bitcoin' },
    ])
  })

  it('lists every configured symbol in order', async () => {
    expect((await house.ask('{ symbols }')).data).toEqual({ symbols: SYMBOLS })
  })
})

describe('one venue of a market', () => {
  it.each(VENUES)('%s: volume surge over a week of hours', async (venue) => {
    const { data, errors } = await house.ask<{ market: { vadr: Record<string, unknown> } }>(
      `query ($venue: Venue!) { market(symbol: "BTC-USDT") { vadr(venue: $venue) ${all('Vadr')} } }`,
      { venue },
    )
    expect(errors).toBeUndefined()
    expect(data?.market.vadr).toMatchObject({ symbol: 'BTC-USDT', venue, isFrozen: false, hours: 168 })
    expect(data?.market.vadr['value']).toBeGreaterThan(0)
  })

  it.each(VENUES)('%s: spread and depth of the live book', async (venue) => {
    // Kraken's live book is ten levels deep; what lies deeper is asked for, and as old as its cache.
    const percent = venue === 'KRAKEN' ? 0.005 : 0.05
    const ask = () =>
      house.ask<{ market: { liquidity: Record<string, string> } }>(
        `query ($venue: Venue!, $percent: Float!) { market(symbol: "BTC-USDT") { liquidity(venue: $venue, withinPercent: $percent) ${all('Liquidity')} } }`,
        { venue, percent },
      )
    await expect
      .poll(async () => {
        const { bidDepth = '', askDepth = '' } = (await ask()).data?.market.liquidity ?? {}
        const truth = depthsOf(venue, percent)
        return [Number(bidDepth) / truth.bid, Number(askDepth) / truth.ask].map((each) => each.toFixed(6))
      })
      .toEqual(['1.000000', '1.000000'])
  })

  it.each(DERIVATIVES_VENUES)('%s: funding and open interest of the perpetual', async (venue) => {
    const { data, errors } = await house.ask<{
      market: Record<'funding' | 'openInterest', Record<string, string>>
    }>(
      `query ($venue: DerivativesVenue!) { market(symbol: "BTC-USD") {
        funding(venue: $venue) ${all('Funding')} openInterest(venue: $venue) ${all('OpenInterest')}
      } }`,
      { venue },
    )
    expect(errors).toBeUndefined()
    const { funding, openInterest } = data?.market ?? {}
    expect(Math.abs(Number(funding?.['rate']))).toBeLessThan(0.001)
    expect(funding?.['intervalHours']).toBe(venue === 'KRAKEN' ? 1 : 8)
    if (venue !== 'OKX') near(funding?.['markPrice'], house.simulation.truth.price('BTC-USD'))
    expect(Number(openInterest?.['value'])).toBeGreaterThan(100)
    expect(openInterest?.['instrument']).toBe(funding?.['instrument'])
    for (const { sources, authority } of allNamed(data, 'attribution')) {
      expect({ sources, authority }).toEqual({ sources: [venue], authority: 'EXCHANGE_NATIVE' })
    }
  })
})

describe('candles', () => {
  const KLINES = `query ($symbol: Symbol!, $interval: Interval!, $last: Int!, $before: DateTime) {
    klines(symbol: $symbol, interval: $interval, last: $last, before: $before) ${all('KlineSeries')}
  }`
  const page = async (variables: object): Promise<Wire<KlineSeries>> => {
    const { data, errors } = await house.ask<{ klines: Wire<KlineSeries> }>(KLINES, variables)
    expect(errors).toBeUndefined()
    if (!data) throw new Error('no candles')
    return data.klines
  }

  it.each(INTERVALS)('%s: pages back without a hole or an overlap', async (interval) => {
    const newest = await page({ symbol: 'BTC-USDT', interval, last: 5 })
    const older = await page({ symbol: 'BTC-USDT', interval, last: 5, before: newest.pageInfo.startCursor })
    const nodes = [...older.nodes, ...newest.nodes]
    expect([...newest.rejected, ...older.rejected]).toEqual([])
    expect(nodes).toHaveLength(10)
    for (const [index, node] of nodes.entries()) {
      const openTime = Date.parse(String(node.openTime))
      expect(openTime % INTERVAL_MS[interval]).toBe(0)
      expect(Date.parse(String(node.closeTime)) - openTime).toBe(INTERVAL_MS[interval])
      if (index > 0) expect(node.openTime).toBe(nodes[index - 1]?.closeTime)
      const [open, high, low, close] = [node.open, node.high, node.low, node.close].map(Number) as [
        number,
        number,
        number,
        number,
      ]
      expect(low).toBeLessThanOrEqual(Math.min(open, close))
      expect(high).toBeGreaterThanOrEqual(Math.max(open, close))
      if (index < 9) expect(node.isClosed).toBe(true)
      const sum = node.reconciliation.volume.reduce((total, { volume }) => total + Number(volume), 0)
      expect(Number(node.volume)).toBeCloseTo(sum, 6)
    }
    near(nodes.at(-1)?.close, house.simulation.truth.price('BTC-USDT'))
    expect(newest.pageInfo).toEqual({
      hasPreviousPage: true,
      startCursor: newest.nodes[0]?.openTime,
      endCursor: newest.nodes.at(-1)?.openTime,
    })
    expect(newest.attribution.snapshot?.id).toMatch(/^[0-9a-f]{64}$/)
  })

  it('of a dollar market are agreed between the two that trade in dollars', async () => {
    for (const interval of INTERVALS) {
      const { nodes, rejected, attribution } = await page({ symbol: 'BTC-USD', interval, last: 3 })
      // A candle that has only just opened may have traded at one of them, or at neither.
      const justOpened = Math.floor(Date.now() / INTERVAL_MS[interval]) * INTERVAL_MS[interval] - 5_000
      const settled = [...nodes, ...rejected].filter(
        ({ openTime }) => Date.parse(String(openTime)) < justOpened,
      )
      expect(settled.length).toBeGreaterThanOrEqual(2)
      expect({ interval, settled }).toEqual({
        interval,
        settled: nodes.filter(({ openTime }) => Date.parse(String(openTime)) < justOpened),
      })
      expect(attribution.sources).toEqual(['COINBASE', 'KRAKEN'])
    }
  })

  it('holds 200 days and a thousand minutes', async () => {
    const query =
      'query ($i: Interval!, $n: Int!) { klines(symbol: "BTC-USDT", interval: $i, last: $n) { nodes { openTime } rejected { openTime } } }'
    for (const [i, n] of [
      ['D1', 200],
      ['M1', 1000],
    ] as const) {
      const { data, errors } = await house.ask<{ klines: { nodes: unknown[]; rejected: unknown[] } }>(query, {
        i,
        n,
      })
      expect(errors).toBeUndefined()
      expect({ i, n: (data?.klines.nodes.length ?? 0) + (data?.klines.rejected.length ?? 0) }).toEqual({
        i,
        n,
      })
    }
  })
})

describe('books', () => {
  const BOOK = `query ($symbol: Symbol!, $venue: Venue, $depth: Int!, $asOf: DateTime) {
    book(symbol: $symbol, venue: $venue, depth: $depth, asOf: $asOf) ${all('Book')}
  }`

  it.each(VENUES)("%s: the venue's own book, level by level and digit by digit", async (venue) => {
    // What Kraken's checksum proves is ten levels, and no more are claimed.
    const most = venue === 'KRAKEN' ? 10 : 50
    await expect
      .poll(async () => {
        const { data } = await house.ask<{ book: Book }>(BOOK, { symbol: 'BTC-USDT', venue, depth: 50 })
        const book = data?.book
        const truth = house.simulation.book(venue, 'BTC-USDT')
        if (!book || !truth) return 'no book'
        return {
          state: book.state,
          isTrue: isSame(book.bids, truth.bids, most) && isSame(book.asks, truth.asks, most),
          isNative: book.attribution.sources.join() === venue && book.attribution.confidence === 1,
        }
      })
      .toEqual({ state: 'LIVE', isTrue: true, isNative: true })
  })

  it('without a venue: the first allowed one whose book is live', async () => {
    const { data } = await house.ask<{ book: Book }>(BOOK, { symbol: 'BTC-USD', depth: 5 })
    expect(data?.book).toMatchObject({ venue: 'COINBASE', state: 'LIVE' })
    expect(data?.book.bids).toHaveLength(5)
  })

  it('of a symbol nobody streams: asked for by REST', async () => {
    const { data, errors } = await house.ask<{ book: Book }>(BOOK, {
      symbol: 'XRP-USD',
      venue: 'KRAKEN',
      depth: 5,
    })
    expect(errors).toBeUndefined()
    expect(data?.book).toMatchObject({ venue: 'KRAKEN', state: 'LIVE' })
  })

  it('merged: every level says whose it is, and the sizes add up', async () => {
    const { data, errors } = await house.ask<{ consolidatedBook: ConsolidatedBook }>(
      `{ consolidatedBook(symbol: "BTC-USDT", depth: 30) ${all('ConsolidatedBook')} }`,
    )
    expect(errors).toBeUndefined()
    const book = data?.consolidatedBook
    expect(book?.venues).toEqual(VENUES)
    expect(book?.excluded).toEqual([])
    expect(book?.bids).toHaveLength(30)
    for (const { size, venues } of [...(book?.bids ?? []), ...(book?.asks ?? [])]) {
      expect(Number(size)).toBeCloseTo(
        venues.reduce((sum, each) => sum + Number(each.size), 0),
        8,
      )
    }
    const prices = book?.bids.map(({ price }) => Number(price)) ?? []
    expect(prices).toEqual(prices.toSorted((a, b) => b - a))
    expect(book?.isCrossed).toBe((prices[0] ?? 0) > Number(book?.asks[0]?.price))
  })

  it('merged over the venues named, the others not mentioned', async () => {
    const { data } = await house.ask<{ consolidatedBook: ConsolidatedBook }>(
      '{ consolidatedBook(symbol: "BTC-USD", venues: [KRAKEN, BINANCE]) { venues excluded { venue reason } } }',
    )
    expect(data?.consolidatedBook).toEqual({
      venues: ['KRAKEN'],
      excluded: [{ venue: 'BINANCE', reason: 'NOT_LISTED' }],
    })
  })
})

describe('records', () => {
  it('hash to their own id and hold what was answered', async () => {
    const asked = await house.ask<{
      market: { price: Priced; volume24h: Priced }
      klines: { attribution: Attributed }
    }>(
      `{ market(symbol: "SOL-USD") { price ${all('Price')} volume24h ${all('Volume')} }
         klines(symbol: "SOL-USD", interval: H1, last: 3) { attribution ${all('Attribution')} } }`,
    )
    const ids = allNamed(asked.data, 'snapshot').map(({ id }) => String(id))
    expect(ids).toHaveLength(3)
    for (const id of ids) {
      const { data } = await house.ask<{ snapshot: { id: string; body: string } }>(
        `query ($id: ID!) { snapshot(id: $id) ${all('SnapshotRecord')} }`,
        { id },
      )
      const { body = '' } = data?.snapshot ?? {}
      expect(createHash('sha256').update(body).digest('hex')).toBe(id)
      expect(JSON.parse(body)).toMatchObject({ symbol: 'SOL-USD' })
    }
    const record = await house.ask<{ snapshot: { body: string } }>(
      'query ($id: ID!) { snapshot(id: $id) { body } }',
      { id: ids[0] },
    )
    expect(JSON.parse(record.data?.snapshot.body ?? '').answer.value).toBe(asked.data?.market.price.value)
  })
})

describe('health', () => {
  it('says that all is well, that it is simulated, and what was counted', async () => {
    const { data, errors } = await house.ask<{
      health: Record<string, unknown> & { sources: Record<string, unknown>[] }
    }>(`{ health ${all('Health')} }`)
    expect(errors).toBeUndefined()
    expect(data?.health).toMatchObject({
      status: 'OK',
      isSimulated: true,
      cache: { driver: 'MEMORY', isConnected: true },
      snapshots: { isEnabled: true, retentionHours: 24 },
    })
    expect(data?.health.sources.map(({ source, status, reason }) => ({ source, status, reason }))).toEqual(
      SOURCES.map((source) => ({ source, status: 'OK', reason: null })),
    )
    for (const stream of allNamed(data, 'stream')) {
      expect(stream).toMatchObject({ isConnected: true, gapsTotal: 0, malformedTotal: 0, reconnectsTotal: 0 })
      expect(stream['messagesTotal']).toBeGreaterThan(HOT.length)
    }
    expect(allNamed(data, 'classes').flat()).toHaveLength(8)
  })
})

function isSame(
  ours: readonly { readonly price: string; readonly size: string }[],
  truth: readonly (readonly [price: string, size: string])[],
  most: number,
): boolean {
  const isAlike = ours.every(({ price, size }, at) => price === truth[at]?.[0] && size === truth[at]?.[1])
  return isAlike && ours.length === Math.min(most, truth.length)
}

/** In quote currency, within so many percent of mid, in floats. */
function depthsOf(venue: Venue, percent: number): { readonly bid: number; readonly ask: number } {
  const book = house.simulation.book(venue, 'BTC-USDT')
  const mid = (Number(book?.bids[0]?.[0]) + Number(book?.asks[0]?.[0])) / 2
  const sum = (levels: readonly (readonly [string, string])[] = []) =>
    levels
      .filter(([price]) => Math.abs(Number(price) - mid) <= (mid * percent) / 100)
      .reduce((total, [price, size]) => total + Number(price) * Number(size), 0)
  return { bid: sum(book?.bids), ask: sum(book?.asks) }
}
