/** Every request our adapters can make is answered by the simulated sources so that the adapters understand it. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DERIVATIVES_VENUES, INTERVAL_MS, VENUES } from '../../src/domain/market.ts'
import type { Listing, Venue } from '../../src/domain/market.ts'
import { startSimulation } from '../../src/sim/simulation.ts'
import type { Simulation, SourceKey } from '../../src/sim/simulation.ts'
import { aggregators, venues } from '../../src/sources/index.ts'
import type { Request } from '../../src/wire/request.ts'

const { symbols } = parse(readFileSync('config/data_sources.yaml', 'utf8')) as { symbols: string[] }
const STARTED = Date.UTC(2026, 2, 3, 14, 25, 30)

let sim: Simulation
beforeAll(async () => {
  sim = await startSimulation({ seed: 3, symbols, isManual: true, startAt: STARTED })
})
afterAll(() => sim.close())

async function ask<T>(source: string, request: Request<T>): Promise<T> {
  const endpoints = sim.endpoints[source.toLowerCase() as SourceKey]
  const root = request.host === 'futures' ? endpoints.futures_rest_url : endpoints.rest_url
  const response = await fetch(`${root}${request.path}`, { headers: { ...request.headers } })
  const reading = request.read({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  })
  if (!reading.ok)
    throw new Error(
      `${source} ${request.path.slice(0, 80)}: ${reading.failure.reason} ${reading.failure.message}`,
    )
  return reading.value
}

const listingsOf = async (venue: Venue): Promise<readonly Listing[]> =>
  (await ask(venue, venues[venue].listings())).filter(({ symbol }) => sim.symbolsOf(venue).includes(symbol))

describe.each(VENUES)('%s', (venue) => {
  test('lists every symbol it should', async () => {
    const listed = (await listingsOf(venue)).map(({ symbol }) => symbol)
    expect(listed.toSorted()).toEqual(sim.symbolsOf(venue).toSorted())
    const hasDollars = venue === 'COINBASE' || venue === 'KRAKEN'
    for (const symbol of symbols.filter((name) => hasDollars || name.endsWith('-USDT')))
      expect(listed).toContain(symbol)
  })

  test('quotes every market close to the fair price, with a volume', async () => {
    const listings = await listingsOf(venue)
    const quotes = (
      await Promise.all(venues[venue].quotes(listings).map((request) => ask(venue, request)))
    ).flat()
    expect(quotes.length).toBe(listings.length)
    for (const quote of quotes) {
      const fair = sim.truth.price(quote.symbol)
      const tick = 1 / 10 ** (quote.price!.split('.')[1]?.length ?? 0)
      expect(Math.abs(Number(quote.price) - fair), quote.symbol).toBeLessThan(fair * 0.0006 + tick * 2)
      expect(Number(quote.volume24h)).toBeGreaterThan(0)
    }
  })

  test('gives candles of every interval, the forming one last', async () => {
    const [listing] = await listingsOf(venue)
    for (const interval of venues[venue].candles.intervals) {
      const length = INTERVAL_MS[interval]
      const to = Math.floor(STARTED / length) * length + length
      const range = { from: to - 20 * length, to, now: STARTED }
      const candles = await ask(venue, venues[venue].candles.request(listing!, interval, range))
      expect(candles.map(({ openTime }) => openTime)).toEqual(
        Array.from({ length: 20 }, (_, index) => range.from + index * length),
      )
      for (const { open, high, low, close } of candles) {
        expect(Number(low)).toBeLessThanOrEqual(Math.min(Number(open), Number(close)))
        expect(Number(high)).toBeGreaterThanOrEqual(Math.max(Number(open), Number(close)))
      }
    }
  })

  test('gives a whole book, never crossed, and recent trades', async () => {
    for (const listing of (await listingsOf(venue)).slice(0, 12)) {
      const book = await ask(venue, venues[venue].depth(listing))
      const trades = await ask(venue, venues[venue].recentTrades(listing))
      expect(Math.min(book.bids.length, book.asks.length)).toBeGreaterThanOrEqual(200)
      const best = (
        side: readonly (readonly [string, string])[],
        pick: (...prices: number[]) => number,
      ): number => pick(...side.map(([price]) => Number(price)))
      expect(best(book.bids, Math.max)).toBeLessThan(best(book.asks, Math.min))
      expect(trades.length).toBeGreaterThan(5)
      const truth = sim.truth.trades(venue, listing.symbol)
      expect(trades.map(({ id }) => id)).toEqual(truth.slice(-trades.length).map(({ id }) => id))
      expect(trades.map(({ takerSide }) => takerSide)).toEqual(
        truth.slice(-trades.length).map(({ takerSide }) => takerSide),
      )
    }
  })
})

describe.each(DERIVATIVES_VENUES)('%s perpetuals', (venue) => {
  test('speak of funding and open interest', async () => {
    const derivatives = venues[venue].derivatives!
    const perpetuals = (await ask(venue, derivatives.perpetuals())).filter(({ symbol }) =>
      /^(BTC|ETH|SOL|LTC)-/.test(symbol),
    )
    const funding = (
      await Promise.all(derivatives.funding(perpetuals).requests.map((request) => ask(venue, request)))
    ).flat()
    const interest = (
      await Promise.all(derivatives.openInterest(perpetuals).map((request) => ask(venue, request)))
    ).flat()
    expect(funding.length).toBeGreaterThanOrEqual(4)
    expect(interest.length).toBeGreaterThanOrEqual(4)
    for (const { rate, intervalHours } of funding)
      expect(Math.abs(Number(rate)) / intervalHours).toBeLessThan(0.0001)
  })
})

test('both aggregators know every coin by the id our tables have, agree on the price and nearly on the volume', async () => {
  const quotes = await Promise.all(
    (['COINGECKO', 'COINPAPRIKA'] as const).map(async (source) => {
      const listings = symbols
        .filter((symbol) => symbol.endsWith('-USD'))
        .map((symbol) => ({ source, symbol, spelling: aggregators[source].coins[symbol.split('-')[0]!]! }))
      const readings = await Promise.all(
        aggregators[source].quotes(listings, {}).map((request) => ask(source, request)),
      )
      return new Map(readings.flat().map((quote) => [quote.symbol, quote]))
    }),
  )
  const [gecko, paprika] = quotes
  for (const symbol of symbols.filter((name) => name.endsWith('-USD'))) {
    const [one, other] = [gecko!.get(symbol), paprika!.get(symbol)]
    expect(one?.price, symbol).toBeDefined()
    expect(other?.price, symbol).toBeDefined()
    expect(Math.abs(Number(one!.price) / Number(other!.price) - 1)).toBeLessThan(0.003)
    expect(Math.abs(Number(one!.volume24h) / Number(other!.volume24h) - 1)).toBeLessThan(0.08)
  }
})

test('venues agree on a past candle within a few basis points, and give the same one twice', async () => {
  const range = {
    from: STARTED - (STARTED % 3_600_000) - 4_000 * 3_600_000,
    to: STARTED - (STARTED % 3_600_000) - 3_990 * 3_600_000,
    now: STARTED,
  }
  const closes: number[][] = []
  for (const venue of VENUES) {
    const listing = (await listingsOf(venue)).find(({ symbol }) => symbol === 'BTC-USDT')!
    const request = venues[venue].candles.request(listing, 'H1', range)
    // Kraken keeps the last 720 bars only.
    if (venue === 'KRAKEN') continue
    const candles = await ask(venue, request)
    expect(await ask(venue, request)).toEqual(candles)
    closes.push(candles.map(({ close }) => Number(close)))
  }
  expect(closes.map(({ length }) => length)).toEqual([10, 10, 10])
  for (const [index, close] of closes[0]!.entries()) {
    for (const other of closes) expect(Math.abs(other[index]! / close - 1)).toBeLessThan(0.0009)
  }
})
