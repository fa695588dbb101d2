/** Perpetuals through the facade: whose words, in which units, and who has none. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { graphql } from 'graphql'
import type { Outcome } from '../../../src/domain/errors.ts'
import { DERIVATIVES_VENUES } from '../../../src/domain/market.ts'
import { buildSchema, createContext } from '../../../src/graphql/schema.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

const schema = buildSchema()
let sim: Simulated
beforeAll(async () => {
  sim = await startSimulated({
    symbols: ['BTC-USD', 'BTC-USDT', 'ADA-USD', 'ADA-USDT', 'USDT-USD', 'USDC-USD'],
  })
})
afterAll(async () => {
  await sim.close()
})

function value<T>(outcome: Outcome<T> | undefined): T {
  if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome')
  return outcome.value
}

it('each venue names its own instrument, interval, next settlement, mark and index', async () => {
  const asked = DERIVATIVES_VENUES.map((venue) => ({ symbol: 'BTC-USD', venue, asOf: null }))
  const funding = (await sim.facade.warm.funding(asked)).map(value)
  const truth = sim.simulation.truth.price('BTC-USD')
  expect(funding.map(({ instrument, intervalHours }) => [instrument, intervalHours])).toEqual([
    ['BTCUSDT', 8],
    ['BTC-USDT-SWAP', 8],
    ['PF_XBTUSD', 1],
  ])
  for (const { venue, rate, nextFundingAt, markPrice, indexPrice, attribution, observedAt } of funding) {
    expect(Math.abs(Number(rate))).toBeLessThan(0.001)
    expect(nextFundingAt).toBeGreaterThan(observedAt)
    expect(Number(markPrice) / truth).toBeCloseTo(1, 2)
    expect(Number(indexPrice) / truth).toBeCloseTo(1, 2)
    expect(attribution).toMatchObject({
      authority: 'EXCHANGE_NATIVE',
      sources: [venue],
      confidence: 1,
      tier: 'WARM',
    })
  }
  expect(funding.map(({ attribution }) => attribution.text)).toEqual([
    'Funding of BTCUSDT as published by Binance',
    'Funding of BTC-USDT-SWAP as published by OKX',
    'Funding of PF_XBTUSD as published by Kraken',
  ])
})

it('open interest is in coins, where one venue counts coins and another contracts', async () => {
  for (const symbol of ['BTC-USD', 'ADA-USD']) {
    const asked = DERIVATIVES_VENUES.map((venue) => ({ symbol, venue, asOf: null }))
    const [binance, okx, kraken] = (await sim.facade.warm.openInterest(asked)).map((each) =>
      Number(value(each).value),
    )
    // What the simulated venues hold open, as shares of the largest.
    expect((okx ?? 0) / (binance ?? 1)).toBeCloseTo(0.4, 2)
    expect((kraken ?? 0) / (binance ?? 1)).toBeCloseTo(0.05, 3)
  }
})

it('a market without a perpetual is NOT_LISTED, at a venue that has others', async () => {
  for (const venue of DERIVATIVES_VENUES) {
    const asked = [{ symbol: 'USDC-USD', venue, asOf: null }]
    const no = { ok: false, error: { code: 'NOT_LISTED' } }
    expect((await sim.facade.warm.funding(asked))[0]).toMatchObject(no)
    expect((await sim.facade.warm.openInterest(asked))[0]).toMatchObject(no)
  }
})

it.each(['COINBASE', 'COINGECKO'])(
  '%s is no word for a derivatives venue: the document is not run',
  async (venue) => {
    const before = sim.requests('COINBASE')
    for (const field of ['funding', 'openInterest']) {
      const contextValue = createContext({
        facade: sim.facade,
        signal: new AbortController().signal,
        requestId: 'r',
        principal: null,
      })
      const source = `{ market(symbol: "BTC-USD") { ${field}(venue: ${venue}) { instrument } } }`
      const { data, errors } = await graphql({ schema, source, contextValue })
      expect(data).toBeUndefined()
      expect(errors?.[0]?.message).toContain(`Value "${venue}" does not exist in "DerivativesVenue" enum`)
    }
    expect(sim.requests('COINBASE')).toBe(before)
  },
)
