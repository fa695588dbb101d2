/** Time travel and refusals, asked from outside: the same bytes for ever, and the contract's codes with their facts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LoadedConfig } from '../../src/config.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { openHouse } from '../support/house.ts'
import type { Fault, House } from '../support/house.ts'
import { realClock } from '../support/real-clock.ts'
import { allNamed, everythingOf } from '../support/selection.ts'

let house: House
beforeAll(async () => {
  // Books are recorded every second here, so that one of them is soon in the past.
  house = await openHouse({
    change: (config) => ({ ...config, ttlSeconds: { ...config.ttlSeconds, depth_spread: 1, prices_hot: 1 } }),
  })
})
afterAll(() => house.close())

const schema = buildSchema()
const at = (ms: number): string => new Date(realClock.now() + ms).toISOString()
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('as of a past instant', () => {
  const MARKET = `query ($asOf: DateTime) { market(symbol: "BTC-USD", asOf: $asOf) ${everythingOf(
    schema,
    'Market',
    {
      'Market.vadr': '(venue: KRAKEN)',
      'Market.liquidity': '(venue: KRAKEN)',
      'Market.funding': '(venue: BINANCE)',
      'Market.openInterest': '(venue: BINANCE)',
    },
  )} }`
  const KLINES = `query ($asOf: DateTime) { klines(symbol: "BTC-USD", interval: M5, last: 20, asOf: $asOf) ${everythingOf(schema, 'KlineSeries')} }`
  const BOOK = `query ($asOf: DateTime) { book(symbol: "BTC-USDT", venue: OKX, depth: 10, asOf: $asOf) ${everythingOf(schema, 'Book')} }`

  it.each([
    ['a market with all its figures', MARKET],
    ['candles', KLINES],
    ['a book', BOOK],
  ])('%s: the same bytes each time, while the present moves on', async (_, query) => {
    await house.ask(query)
    await expect
      .poll(async () => (await house.ask(query, { asOf: at(-50) })).errors, { timeout: 5_000 })
      .toBeUndefined()
    const asOf = at(-50)
    const first = await house.ask(query, { asOf })
    expect(first.errors).toBeUndefined()
    await later(1_200)
    await house.ask(query)
    expect((await house.ask(query, { asOf })).text).toBe(first.text)
    for (const { snapshot } of allNamed(first.data, 'attribution')) {
      const { takenAt } = snapshot as { takenAt: string }
      expect(Date.parse(takenAt)).toBeLessThanOrEqual(Date.parse(asOf))
    }
  })

  it('answers from the record alone: no source is asked', async () => {
    const asked = () =>
      JSON.stringify(Object.values(house.simulation.counts()).map(({ requests }) => requests))
    await house.ask(MARKET)
    await later(100)
    const asOf = at(-60)
    const before = asked()
    await house.ask(MARKET, { asOf })
    await house.ask(KLINES, { asOf })
    expect(asked()).toBe(before)
  })

  it('recomputes a past price by another method', async () => {
    const query = `query ($asOf: DateTime) { market(symbol: "BTC-USD", asOf: $asOf) { price(method: TRIMMED_MEAN) { value reconciliation { method } } } }`
    const { data, errors } = await house.ask<{ market: { price: { reconciliation: object } } }>(query, {
      asOf: at(-60),
    })
    expect(errors).toBeUndefined()
    expect(data?.market.price.reconciliation).toEqual({ method: 'TRIMMED_MEAN' })
  })
})

describe('a refusal', () => {
  const fault = async (query: string, variables: object = {}): Promise<Fault | undefined> => {
    const { errors = [] } = await house.ask(query, variables)
    for (const { extensions } of errors) {
      expect(extensions).toMatchObject({ retryable: expect.any(Boolean), requestId: expect.any(String) })
    }
    return errors[0]
  }

  it('UNKNOWN_SYMBOL: null at its position, the others answer', async () => {
    const { data, errors } = await house.ask(
      '{ markets(symbols: ["BTC-USD", "NO-SUCH", "ETH-USD"]) { symbol } }',
    )
    expect(data).toEqual({ markets: [{ symbol: 'BTC-USD' }, null, { symbol: 'ETH-USD' }] })
    expect(errors).toMatchObject([{ path: ['markets', 1], extensions: { code: 'UNKNOWN_SYMBOL' } }])
  })

  it.each([
    ['{ market(symbol: "NO-SUCH") { symbol } }', { code: 'UNKNOWN_SYMBOL' }],
    ['{ book(symbol: "NO-SUCH") { mid } }', { code: 'UNKNOWN_SYMBOL' }],
    ['{ klines(symbol: "NO-SUCH", interval: M1) { nodes { open } } }', { code: 'UNKNOWN_SYMBOL' }],
    ['{ consolidatedBook(symbol: "NO-SUCH") { isCrossed } }', { code: 'UNKNOWN_SYMBOL' }],
    ['{ book(symbol: "BTC-USD", venue: BINANCE) { mid } }', { code: 'NOT_LISTED' }],
    ['{ market(symbol: "BTC-USD") { vadr(venue: OKX) { hours } } }', { code: 'NOT_LISTED' }],
    ['{ market(symbol: "USDC-USD") { funding(venue: OKX) { rate } } }', { code: 'NOT_LISTED' }],
    ['{ snapshot(id: "ff") { body } }', { code: 'SNAPSHOT_NOT_FOUND' }],
    [`{ snapshot(id: "${'0'.repeat(64)}") { body } }`, { code: 'SNAPSHOT_NOT_FOUND' }],
    ['{ market(symbol: "btc/usd") { symbol } }', { code: 'BAD_USER_INPUT', argument: 'symbol' }],
    [
      '{ klines(symbol: "BTC-USD", interval: M1, last: 0) { nodes { open } } }',
      { code: 'BAD_USER_INPUT', argument: 'last', limit: 1 },
    ],
    [
      '{ klines(symbol: "BTC-USD", interval: M1, last: 5001) { nodes { open } } }',
      { code: 'BAD_USER_INPUT', argument: 'last', limit: 5000 },
    ],
    [
      '{ book(symbol: "BTC-USD", depth: 0) { mid } }',
      { code: 'BAD_USER_INPUT', argument: 'depth', limit: 1 },
    ],
    [
      '{ market(symbol: "BTC-USD") { liquidity(venue: KRAKEN, withinPercent: 51) { mid } } }',
      { code: 'BAD_USER_INPUT', argument: 'withinPercent', limit: 50 },
    ],
    [
      '{ market(symbol: "BTC-USD", asOf: "yesterday") { symbol } }',
      { code: 'BAD_USER_INPUT', argument: 'asOf' },
    ],
    ['{ book(symbol: "BTC-USD", venue: COINGECKO) { mid } }', { code: 'BAD_USER_INPUT' }],
    ['{ moon }', { code: 'BAD_USER_INPUT' }],
    ['{', { code: 'BAD_USER_INPUT' }],
  ])('%s', async (query, expected) => {
    expect((await fault(query))?.extensions).toMatchObject(expected)
  })

  it('SNAPSHOT_NOT_FOUND says what the earliest is; the future is BAD_USER_INPUT', async () => {
    await house.ask('{ market(symbol: "ETH-USD") { price { value } } }')
    await later(100)
    const query = 'query ($asOf: DateTime) { market(symbol: "ETH-USD", asOf: $asOf) { price { value } } }'
    expect((await fault(query, { asOf: at(-3_600_000) }))?.extensions).toMatchObject({
      code: 'SNAPSHOT_NOT_FOUND',
      earliest: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    expect((await fault(query, { asOf: at(60_000) }))?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: 'asOf',
    })
  })

  it('QUERY_TOO_COMPLEX: a document that asks for the moon is not run', async () => {
    const query = `{ ${Array.from({ length: 200 }, (_, index) => `a${index}: symbols`).join(' ')} }`
    expect((await fault(query))?.extensions.code).toBe('QUERY_TOO_COMPLEX')
  })
})

describe('where sources fail', () => {
  it('SOURCE_UNAVAILABLE says when to ask again; a source that is not allowed is NOT_AUTHORITATIVE', async () => {
    const narrow = (config: LoadedConfig): LoadedConfig => ({
      ...config,
      authority: { ...config.authority, microstructure: ['COINBASE'], derivatives: ['BINANCE'] },
    })
    const other = await openHouse({
      symbols: ['BTC-USD', 'USDT-USD'],
      hotSymbols: ['BTC-USD'],
      change: narrow,
    })
    try {
      const code = async (query: string) => (await other.ask(query)).errors?.[0]?.extensions
      expect(await code('{ book(symbol: "BTC-USD", venue: KRAKEN) { mid } }')).toMatchObject({
        code: 'NOT_AUTHORITATIVE',
      })
      expect(await code('{ market(symbol: "BTC-USD") { funding(venue: OKX) { rate } } }')).toMatchObject({
        code: 'NOT_AUTHORITATIVE',
      })
      const [event] = await other.listen(
        'subscription { trades(symbols: ["BTC-USD"], venues: [KRAKEN]) { id } }',
      )
      expect(event?.errors?.[0]?.extensions.code).toBe('NOT_AUTHORITATIVE')
      other.simulation.fault({ kind: 'status', source: 'COINBASE', status: 503 })
      expect(await code('{ market(symbol: "BTC-USD") { vadr(venue: COINBASE) { hours } } }')).toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
        retryable: true,
        retryAt: expect.any(String),
      })
    } finally {
      await other.close()
    }
  })
})
