/** What each kind of answer says about itself, as it reaches a reader; and what it adds when it is past its time. */
import { afterEach, expect, it } from 'vitest'
import type { Attribution } from '../../../src/domain/attribution.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { SOURCES } from '../../../src/domain/market.ts'
import { TestClock } from '../../support/clock.ts'
import { startSimulated } from './simulated.ts'
import type { Simulated } from './simulated.ts'

let sim: Simulated
afterEach(async () => {
  await sim.close()
})

interface Attributed {
  readonly attribution: Attribution
}

const open = async () => {
  sim = await startSimulated({
    symbols: ['ADA-USD', 'ADA-USDT', 'USDT-USD'],
    turned: new TestClock(Date.UTC(2026, 0, 5, 9, 20)),
  })
}

/** One of every kind that a venue or the sources together answer; null where it was refused. */
async function sentences(): Promise<Record<string, Attribution | null>> {
  const { warm } = sim.facade
  const usd = { symbol: 'ADA-USD', asOf: null }
  const tether = { symbol: 'ADA-USDT', asOf: null }
  const first = <T>(all: Promise<readonly T[]>) => all.then(([one]) => one as T)
  const asked: Readonly<Record<string, Promise<Outcome<Attributed>>>> = {
    price: first(warm.prices([{ ...usd, method: null }])),
    volume: first(warm.volumes([usd])),
    'volume of venues': first(warm.volumes([tether])),
    surge: first(warm.vadr([{ ...usd, venue: 'COINBASE' }])),
    funding: first(warm.funding([{ ...usd, venue: 'OKX' }])),
    'open interest': first(warm.openInterest([{ ...usd, venue: 'KRAKEN' }])),
    liquidity: first(warm.liquidity([{ ...usd, venue: 'KRAKEN', withinPercent: 0.5 }])),
    'liquidity beyond the book': first(warm.liquidity([{ ...usd, venue: 'KRAKEN', withinPercent: 40 }])),
    book: warm.book({ ...usd, venue: 'COINBASE', depth: 5 }),
    'merged book': warm.consolidatedBook({ symbol: 'ADA-USD', depth: 5, venues: null }),
    candles: warm.klines({ ...tether, interval: 'M15', last: 20, before: null }),
  }
  const answers = await Promise.all(
    Object.entries(asked).map(async ([kind, outcome]) => {
      const given = await outcome
      return [kind, given.ok ? given.value.attribution : null] as const
    }),
  )
  return Object.fromEntries(answers)
}

it('is one sentence for every kind', async () => {
  await open()
  const said = await sentences()
  expect(Object.fromEntries(Object.entries(said).map(([kind, each]) => [kind, each?.text]))).toEqual({
    price:
      'Median of CoinGecko and CoinPaprika; CoinGecko and CoinPaprika share one vote, as they average the same exchanges',
    volume:
      'Median of CoinGecko and CoinPaprika; CoinGecko and CoinPaprika share one vote, as they average the same exchanges',
    'volume of venues':
      'Sum of the 24 h volume of Binance, OKX, Coinbase and Kraken: their own markets only, no agreed figure over all venues',
    surge: 'Last closed hour at Coinbase against the mean of the 168 hours before it',
    funding: 'Funding of ADA-USDT-SWAP as published by OKX',
    'open interest': 'Open interest of PF_ADAUSD at Kraken, in base units',
    liquidity: 'Spread and depth within ±0.5 % of mid, from the order book of Kraken',
    'liquidity beyond the book':
      'Spread and depth within ±40 % of mid, from the order book of Kraken; the book ends before that, so the depths are lower bounds',
    book: 'Coinbase order book, in step with the venue',
    'merged book':
      'Order books of Coinbase and Kraken merged by price; Binance and OKX left out, market not listed',
    candles:
      'Open, high, low and close of 20 candles (M15) agreed between Binance, OKX, Coinbase and Kraken, volume added up',
  })
})

it('adds how old it is when every source has failed, and a book is refused instead', async () => {
  await open()
  const fresh = await sentences()
  for (const source of SOURCES) sim.simulation.fault({ kind: 'status', source, status: 503 })
  // Past the time of everything that has one, and past the end of an hour and of a candle.
  sim.advance(2_401_000)
  const later = await sentences()
  const stale = ['funding', 'open interest', 'candles']
  const gone = ['price', 'liquidity', 'liquidity beyond the book', 'book']
  for (const kind of stale) {
    expect(later[kind]?.cache?.status).toBe('STALE')
    expect(later[kind]?.text).toMatch(/; stale: 240[0-9] s old, served because every source failed$/)
  }
  for (const kind of gone) expect({ kind, answer: later[kind] }).toEqual({ kind, answer: null })
  expect(Object.keys(fresh)).toEqual(Object.keys(later))
})
