/** A hundred markets and everything about each that one venue says: how many requests it takes, first and after. */
import { afterEach, expect, it } from 'vitest'
import { graphql } from 'graphql'
import { DERIVATIVES_VENUES } from '../../../src/domain/market.ts'
import type { DerivativesVenue } from '../../../src/domain/market.ts'
import { buildSchema, createContext } from '../../../src/graphql/schema.ts'
import { TestClock } from '../../support/clock.ts'
import { printFigure } from '../../support/figure.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

const schema = buildSchema()
const QUERY = `query ($symbols: [Symbol!]!, $venue: Venue!, $desk: DerivativesVenue!) { markets(symbols: $symbols) {
  liquidity(venue: $venue) { bidDepth attribution { cache { status ttlSeconds } } }
  vadr(venue: $venue) { value }
  funding(venue: $desk) { rate }
  openInterest(venue: $desk) { value }
} }`

let sim: Simulated
afterEach(async () => {
  await sim.close()
})

async function ask(symbols: readonly string[], venue: DerivativesVenue) {
  const context = {
    facade: sim.facade,
    signal: new AbortController().signal,
    requestId: 'r',
    principal: null,
  }
  const contextValue = createContext(context)
  const variableValues = { symbols, venue, desk: venue }
  const { data, errors } = await graphql({ schema, source: QUERY, variableValues, contextValue })
  return { data, errors: errors ?? [] }
}

/** Requests so far to one venue, by path without its query. */
const requests = (venue: DerivativesVenue): Record<string, number> => ({
  ...sim.simulation.counts()[venue].requests,
})

const spent = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(after)
      .map(([path, count]) => [path, count - (before[path] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )

/** One request for all where the venue has one; where it has none, one a market. */
const COST: Readonly<Record<DerivativesVenue, (asked: number, all: number) => Record<string, number>>> = {
  BINANCE: (asked, all) => ({
    '/api/v3/depth': asked,
    '/api/v3/klines': asked,
    '/fapi/v1/premiumIndex': 1,
    '/fapi/v1/fundingInfo': 1,
    '/fapi/v1/openInterest': all,
  }),
  OKX: (asked) => ({
    '/api/v5/market/books': asked,
    '/api/v5/market/candles': asked,
    '/api/v5/public/funding-rate': 1,
    '/api/v5/public/mark-price': 1,
    '/api/v5/market/index-tickers': 1,
    '/api/v5/public/open-interest': 1,
  }),
  KRAKEN: (asked) => ({
    '/0/public/Depth': asked,
    '/0/public/OHLC': asked,
    '/derivatives/api/v3/tickers': 2,
  }),
}
/** Within one minute's budget. */
const SIZES = { BINANCE: [10, 100], OKX: [5, 20], KRAKEN: [5, 20] } as const

it.each(DERIVATIVES_VENUES)(
  '%s: at most one request a market where it answers no list, and none again',
  async (venue) => {
    const [few, many] = SIZES[venue]
    const all = Array.from({ length: many }, (_, at) => `W${at}-${venue === 'KRAKEN' ? 'USD' : 'USDT'}`)
    sim = await startSimulated({ symbols: [...all, 'USDT-USD'], turned: new TestClock() })
    let before = requests(venue)
    expect((await ask(all.slice(0, few), venue)).errors).toEqual([])
    expect(spent(before, requests(venue))).toEqual(COST[venue](few, many))

    before = requests(venue)
    expect((await ask(all.slice(0, few), venue)).errors).toEqual([])
    expect(spent(before, requests(venue))).toEqual({})

    // The rest of them: only what is each market's own.
    expect((await ask(all, venue)).errors).toEqual([])
    const own = Object.values(spent(before, requests(venue)))
    expect(own).toEqual([many - few, many - few])
  },
)

it('KRAKEN: a hundred books a quarter of a minute are more than its budget; each stands longer, and all are answered in the end', async () => {
  const all = Array.from({ length: 100 }, (_, at) => `W${at}-USD`)
  sim = await startSimulated({ symbols: [...all, 'USDT-USD'], turned: new TestClock() })
  const asked = all.map((symbol) => ({ symbol, venue: 'KRAKEN' as const, withinPercent: 2, asOf: null }))
  const perMinute: number[] = []
  let answered = 0
  for (let minute = 0; minute < 5; minute += 1) {
    const before = sim.requests('KRAKEN')
    for (let quarter = 0; quarter < 4; quarter += 1) {
      const outcomes = await whilePatient(sim.facade.warm.liquidity(asked))
      answered = outcomes.filter(({ ok }) => ok).length
      if (answered < 100) {
        const kraken = sim.facade.health().sources.find(({ source }) => source === 'KRAKEN')
        expect(kraken?.quota?.remaining).toBe(0)
        expect(kraken?.reason).toContain('ts request budget is spent until 2026-')
        expect(kraken?.circuit.state).toBe('CLOSED')
      }
      if (minute >= 2) expect(answered).toBe(100)
      for (const outcome of outcomes) {
        if (!outcome.ok) expect(outcome.error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
      }
      sim.advance(15_000)
    }
    perMinute.push(sim.requests('KRAKEN') - before)
  }
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(60)
  printFigure(`100 Kraken books every 15 s: ${perMinute.join(', ')} requests a minute of 60`)
})

/** Requests that stand in line for the budget wait a quarter of a second at most. */
async function whilePatient<T>(asked: Promise<T>): Promise<T> {
  let isDone = false
  void asked.finally(() => (isDone = true))
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    sim.advance(50)
  }
  return asked
}
