/** The market behind the venues: one story, however it is asked for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VENUES } from '../../src/domain/market.ts'
import { startSimulation } from '../../src/sim/simulation.ts'
import type { Simulation } from '../../src/sim/simulation.ts'

const STARTED = Date.UTC(2026, 2, 3, 14, 25, 30)
const HOUR_MS = 3_600_000

let sim: Simulation
beforeAll(async () => {
  sim = await startSimulation({
    seed: 9,
    symbols: ['BTC-USD', 'DOGE-USD', 'BTC-USDT', 'ODD-USD'],
    isManual: true,
    startAt: STARTED,
  })
})
afterAll(() => sim.close())

type Row = readonly [number, string, string, string, string, string, number, string, number]

const klines = async (interval: string, from: number, to: number): Promise<readonly Row[]> =>
  (await (
    await fetch(
      `${sim.endpoints.binance.rest_url}/api/v3/klines?symbol=BTCUSDT&interval=${interval}&startTime=${from}&endTime=${to - 1}&limit=1000`,
    )
  ).json()) as Row[]

function folded(rows: readonly Row[]): readonly (number | string)[] {
  const highest = rows.reduce((best, row) => (Number(row[2]) > Number(best) ? row[2] : best), '0')
  const lowest = rows.reduce((best, row) => (Number(row[3]) < Number(best) ? row[3] : best), '1e9')
  return [rows[0]![0], rows[0]![1], highest, lowest, rows.at(-1)![4]]
}

test('an hour is its sixty minutes, a day its 24 hours, past or present', async () => {
  const hour = Math.floor(STARTED / HOUR_MS) * HOUR_MS
  sim.book('BINANCE', 'BTC-USDT')
  sim.step(90_000)
  for (const start of [hour - 5_000 * HOUR_MS, hour - HOUR_MS, hour]) {
    const [wide] = await klines('1h', start, start + HOUR_MS)
    const narrow = await klines('1m', start, start + HOUR_MS)
    expect(wide!.slice(0, 5)).toEqual(folded(narrow))
    expect(Number(wide![5]) / narrow.reduce((sum, row) => sum + Number(row[5]), 0)).toBeCloseTo(1, 3)
  }
  const day = Math.floor(STARTED / (24 * HOUR_MS)) * 24 * HOUR_MS
  const [wide] = await klines('1d', day, day + 24 * HOUR_MS)
  expect(wide!.slice(0, 5)).toEqual(folded(await klines('1h', day, day + 24 * HOUR_MS)))
})

test('each candle opens where the one before it closed', async () => {
  const rows = await klines('1h', STARTED - 900 * HOUR_MS, STARTED - 2 * HOUR_MS)
  expect(rows.length).toBeGreaterThan(890)
  rows.slice(1).forEach((row, at) => expect(row[1]).toBe(rows[at]![4]))
})

test('the minutes lived through are made of the trades sent, and as busy as the days before', async () => {
  sim.book('BINANCE', 'BTC-USDT')
  sim.step(300_000)
  const last = Math.floor(sim.now() / 60_000) * 60_000 - 60_000
  const [row] = await klines('1m', last, last + 60_000)
  const trades = sim.truth
    .trades('BINANCE', 'BTC-USDT')
    .filter(({ executedAt }) => executedAt >= last && executedAt < last + 60_000)
  const prices = trades.map(({ price }) => Number(price))
  expect(row!.slice(1, 5).map(Number)).toEqual([
    prices[0],
    Math.max(...prices),
    Math.min(...prices),
    prices.at(-1),
  ])
  expect(row![8]).toBe(trades.length)
  const lived = await klines('1m', STARTED - (STARTED % 60_000) + 60_000, last)
  const past = await klines('1m', STARTED - 100 * 60_000, STARTED - 10 * 60_000)
  const mean = (rows: readonly Row[]): number =>
    rows.reduce((sum, each) => sum + Number(each[5]), 0) / rows.length
  expect(mean(lived) / mean(past)).toBeGreaterThan(0.3)
  expect(mean(lived) / mean(past)).toBeLessThan(3)
})

test('no book is ever crossed or thin, and every venue stays within a few basis points of the fair price', () => {
  const pairs = VENUES.flatMap((venue) => sim.symbolsOf(venue).map((symbol) => [venue, symbol] as const))
  for (let round = 0; round < 100; round++) {
    for (const [venue, symbol] of pairs) {
      const { bids, asks } = sim.book(venue, symbol)!
      const [bid, ask] = [Number(bids[0]![0]), Number(asks[0]![0])]
      expect(bid).toBeLessThan(ask)
      expect(Math.min(bids.length, asks.length)).toBeGreaterThanOrEqual(200)
      expect(Math.abs((bid + ask) / 2 / sim.truth.price(symbol) - 1)).toBeLessThan(0.0006)
    }
    sim.step(1_000)
  }
})

test('every trade is at the touch that stood before it', () => {
  for (const venue of VENUES) {
    const symbol = venue === 'COINBASE' || venue === 'KRAKEN' ? 'BTC-USD' : 'BTC-USDT'
    let seen = 0
    for (let round = 0; round < 400; round++) {
      const before = sim.book(venue, symbol)!
      const count = sim.truth.trades(venue, symbol).length
      sim.step(100)
      const [first] = sim.truth.trades(venue, symbol).slice(count)
      if (first === undefined) continue
      seen++
      const touch = first.takerSide === 'BUY' ? before.asks[0]! : before.bids[0]!
      expect(Number(first.price)).toBe(Number(touch[0]))
      expect(Number(first.size)).toBeLessThanOrEqual(Number(touch[1]))
    }
    expect(seen).toBeGreaterThan(10)
  }
})

test('a coin nobody knows has a market all the same', async () => {
  expect(sim.symbolsOf('KRAKEN')).toContain('ODD-USD')
  const { bids } = sim.book('KRAKEN', 'ODD-USD')!
  expect(Number(bids[0]![0])).toBeGreaterThan(0)
  const body = (await (await fetch(`${sim.endpoints.coinpaprika.rest_url}/tickers/odd-coin`)).json()) as {
    symbol: string
  }
  expect(body.symbol).toBe('ODD')
})
