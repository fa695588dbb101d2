import { graphql } from 'graphql'
import type { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { refused } from '../../src/domain/errors.ts'
import { presentResult } from '../../src/graphql/errors.ts'
import { buildSchema, createContext } from '../../src/graphql/schema.ts'
import { NOON, RECORD, price, stillFacade } from '../support/facade.ts'
import type { StillFacade } from '../support/facade.ts'
import { answered } from '../../src/domain/errors.ts'

const schema = buildSchema()

async function ask(
  source: string,
  facade: StillFacade = stillFacade(),
  variableValues: Record<string, unknown> = {},
) {
  const contextValue = createContext({
    facade,
    signal: new AbortController().signal,
    requestId: 'request-1',
    principal: null,
  })
  const reported: unknown[] = []
  const result = await graphql({ schema, source, variableValues, contextValue })
  const presentation = {
    requestId: 'request-1',
    isHttp: false,
    report: (error: unknown) => reported.push(error),
  }
  return { ...presentResult(result, presentation), reported }
}

const faults = (errors: readonly GraphQLError[] | undefined) =>
  errors?.map(({ path, extensions }) => ({ path, ...extensions }))

describe('a market', () => {
  it('shows its names and who lists it', async () => {
    const { data, errors } = await ask(
      '{ market(symbol: "BTC-USDT") { symbol base quote listings { source spelling } } }',
    )
    expect(errors).toBeUndefined()
    expect(data?.['market']).toMatchObject({ symbol: 'BTC-USDT', base: 'BTC', quote: 'USDT' })
  })

  it('carries the digits and the instants of its evidence unchanged', async () => {
    const { data } = await ask(
      '{ market(symbol: "BTC-USD") { price { value attribution { observedAt cache { expiresAt } snapshot { id } } reconciliation { used { conversion { rate } } dropped { value } } } } }',
    )
    expect(JSON.parse(JSON.stringify(data))).toEqual({
      market: {
        price: {
          value: '45025.10',
          attribution: {
            observedAt: '2026-01-02T12:00:00.000Z',
            cache: { expiresAt: '2026-01-02T12:00:05.000Z' },
            snapshot: { id: RECORD.id },
          },
          reconciliation: {
            used: [{ conversion: null }, { conversion: null }, { conversion: { rate: '0.9998' } }],
            dropped: [{ value: '50000' }, { value: null }],
          },
        },
      },
    })
  })

  it('outside the universe is null with an error that names the code', async () => {
    const { data, errors } = await ask('{ market(symbol: "DOGE-EUR") { symbol } }')
    expect(data).toEqual({ market: null })
    expect(faults(errors)).toEqual([
      { path: ['market'], code: 'UNKNOWN_SYMBOL', retryable: false, requestId: 'request-1' },
    ])
  })

  it('takes its whole selection to the instant of asOf', async () => {
    const facade = stillFacade()
    await ask(
      '{ market(symbol: "BTC-USD", asOf: "2026-01-02T11:00:00Z") { price { value } volume24h { value } funding(venue: OKX) { rate } } }',
      facade,
    )
    const asOf = NOON - 3_600_000
    expect(facade.asked.prices).toEqual([[{ symbol: 'BTC-USD', asOf, method: null }]])
    expect(facade.asked.volumes).toEqual([[{ symbol: 'BTC-USD', asOf }]])
    expect(facade.asked.funding).toEqual([[{ symbol: 'BTC-USD', venue: 'OKX', asOf }]])
  })
})

describe('many markets', () => {
  it('cost one call per kind of figure, however many they are', async () => {
    const symbols = Array.from({ length: 100 }, (_, index) => `C${index}-USD`)
    const facade = stillFacade({ symbols })
    const { errors } = await ask(
      'query ($symbols: [Symbol!]!) { markets(symbols: $symbols) { price { value } again: price { value } mean: price(method: TRIMMED_MEAN) { value } volume24h { value } vadr(venue: OKX) { value } liquidity(venue: KRAKEN) { mid } funding(venue: OKX) { rate } openInterest(venue: OKX) { value } } }',
      facade,
      { symbols },
    )
    expect(errors).toBeUndefined()
    const sizes = Object.entries(facade.asked).map(([kind, calls]) => [
      kind,
      calls.map((call) => (Array.isArray(call) ? call.length : 1)),
    ])
    expect(Object.fromEntries(sizes)).toEqual({
      prices: [200],
      volumes: [100],
      vadr: [100],
      liquidity: [100],
      funding: [100],
      openInterest: [100],
      klines: [],
      book: [],
      consolidatedBook: [],
    })
  })

  it('still answer when one of them is unknown', async () => {
    const { data, errors } = await ask('{ markets(symbols: ["BTC-USD", "NO-SUCH", "ETH-USD"]) { symbol } }')
    expect(data).toEqual({ markets: [{ symbol: 'BTC-USD' }, null, { symbol: 'ETH-USD' }] })
    expect(faults(errors)).toMatchObject([{ path: ['markets', 1], code: 'UNKNOWN_SYMBOL' }])
  })

  it('still answer when the price of one of them cannot be had, and say when to ask again', async () => {
    const facade = stillFacade({
      warm: {
        prices: (requests) =>
          Promise.resolve(
            requests.map(({ symbol }) =>
              symbol === 'ETH-USD'
                ? refused('SOURCE_UNAVAILABLE', 'Nobody answered.', { retryAt: NOON + 60_000 })
                : answered(price(symbol)),
            ),
          ),
      },
    })
    const { data, errors } = await ask(
      '{ markets(symbols: ["BTC-USD", "ETH-USD"]) { price { value } } }',
      facade,
    )
    expect(data).toEqual({ markets: [{ price: { value: '45025.10' } }, { price: null }] })
    expect(faults(errors)).toEqual([
      {
        path: ['markets', 1, 'price'],
        code: 'SOURCE_UNAVAILABLE',
        retryable: true,
        requestId: 'request-1',
        retryAt: '2026-01-02T12:01:00.000Z',
      },
    ])
  })
})

describe('an argument out of bounds', () => {
  it.each([
    ['{ klines(symbol: "BTC-USD", interval: M1, last: 0) { nodes { open } } }', 'last', 1],
    ['{ klines(symbol: "BTC-USD", interval: M1, last: 5001) { nodes { open } } }', 'last', 5000],
    ['{ book(symbol: "BTC-USD", depth: 1001) { mid } }', 'depth', 1000],
    ['{ consolidatedBook(symbol: "BTC-USD", venues: []) { isCrossed } }', 'venues', 1],
    ['{ market(symbol: "BTC-USD") { liquidity(venue: OKX, withinPercent: 0) { mid } } }', 'withinPercent', 0],
    [
      '{ market(symbol: "BTC-USD") { liquidity(venue: OKX, withinPercent: 50.5) { mid } } }',
      'withinPercent',
      50,
    ],
  ])('%s is refused by name and limit', async (source, argument, limit) => {
    const { errors } = await ask(source)
    expect(faults(errors)).toMatchObject([{ code: 'BAD_USER_INPUT', retryable: false, argument, limit }])
  })

  it('is refused for more than 500 symbols', async () => {
    const symbols = Array.from({ length: 501 }, () => 'BTC-USD')
    const { errors } = await ask(
      'query ($symbols: [Symbol!]!) { markets(symbols: $symbols) { symbol } }',
      stillFacade(),
      { symbols },
    )
    expect(faults(errors)).toMatchObject([{ code: 'BAD_USER_INPUT', argument: 'symbols', limit: 500 }])
  })
})

describe('a value of the wrong form', () => {
  it.each([
    ['{ market(symbol: "btc-usd") { symbol } }', 'symbol'],
    ['{ markets(symbols: ["BTC-USD", "BTCUSD"]) { symbol } }', 'symbols'],
    ['{ market(symbol: 7) { symbol } }', 'symbol'],
    ['{ market(symbol: "BTC-USD", asOf: "yesterday") { symbol } }', 'asOf'],
    ['{ market(symbol: "BTC-USD", asOf: "2026-02-30T00:00:00Z") { symbol } }', 'asOf'],
    ['{ book(symbol: "BTC-USD", venue: COINGECKO) { mid } }', 'venue'],
  ])('%s is refused before anything runs', async (source, argument) => {
    const { data, errors } = await ask(source)
    expect(data).toBeUndefined()
    expect(faults(errors)).toMatchObject([{ code: 'BAD_USER_INPUT', argument }])
  })

  it('is refused in a variable too, and named', async () => {
    const { errors } = await ask(
      'query ($name: Symbol!) { market(symbol: $name) { symbol } }',
      stillFacade(),
      { name: 'btc' },
    )
    expect(faults(errors)).toMatchObject([
      { code: 'BAD_USER_INPUT', argument: 'name', limit: 'BASE-QUOTE in upper case, like BTC-USD' },
    ])
  })

  it('understands other offsets and precisions of an instant', async () => {
    const facade = stillFacade()
    for (const asOf of [
      '2026-01-02T12:00:00.5Z',
      '2026-01-02T14:00:00.500999+02:00',
      '2026-01-02t09:30:00.500-02:30',
    ]) {
      const { errors } = await ask(
        'query ($asOf: DateTime) { market(symbol: "BTC-USD", asOf: $asOf) { price { value } } }',
        facade,
        { asOf },
      )
      expect(errors).toBeUndefined()
    }
    expect(facade.asked.prices).toEqual(
      Array.from({ length: 3 }, () => [{ symbol: 'BTC-USD', asOf: NOON + 500, method: null }]),
    )
  })
})

describe('a fault of ours', () => {
  it('is masked, and told to the log under the id of the request', async () => {
    const broken = stillFacade({
      warm: { prices: () => Promise.reject(new Error('redis://secret@host fell over')) },
    })
    const { errors, reported } = await ask('{ market(symbol: "BTC-USD") { price { value } } }', broken)
    expect(JSON.stringify(errors)).not.toContain('secret')
    expect(faults(errors)).toMatchObject([
      { code: 'INTERNAL_SERVER_ERROR', requestId: 'request-1', path: ['market', 'price'] },
    ])
    expect(reported).toMatchObject([{ message: 'redis://secret@host fell over' }])
  })

  it('is what a number that is none would be', async () => {
    const odd = stillFacade({
      warm: {
        prices: (requests) =>
          Promise.resolve(requests.map(({ symbol }) => answered({ ...price(symbol), value: 45 as never }))),
      },
    })
    const { errors } = await ask(
      '{ market(symbol: "BTC-USD") { price { value attribution { confidence } } } }',
      odd,
    )
    expect(faults(errors)).toMatchObject([{ code: 'INTERNAL_SERVER_ERROR' }])
  })
})

it('returns a record byte for byte, and says how far back they go when it is not held', async () => {
  const { data } = await ask(`{ snapshot(id: "${RECORD.id}") { id body kind symbol takenAt } }`)
  expect(data).toMatchObject({
    snapshot: { id: RECORD.id, body: RECORD.body, takenAt: '2026-01-02T12:00:00.000Z' },
  })
  const { errors } = await ask('{ snapshot(id: "none") { id } }')
  expect(faults(errors)).toMatchObject([{ code: 'SNAPSHOT_NOT_FOUND', earliest: '2026-01-01T12:00:00.000Z' }])
})

it('counts past the end of Int', async () => {
  const { data } = await ask('{ health { sources { stream { messagesTotal } } } }')
  expect(data).toEqual({
    health: { sources: [{ stream: { messagesTotal: 3_000_000_000 } }, { stream: null }] },
  })
})
