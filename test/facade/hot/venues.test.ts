import { afterEach, describe, expect, it } from 'vitest'
import type { Book } from '../../../src/domain/answer.ts'
import type { MarketSymbol, Venue } from '../../../src/domain/market.ts'
import { hear, stage } from './stage.ts'
import type { Stage } from './stage.ts'

let now: Stage | null = null
afterEach(async () => {
  await now?.close()
  now = null
})
const staged = async (...options: Parameters<typeof stage>) => (now = await stage(...options))

const asPairs = (levels: Book['bids']) => levels.map(({ price, size }) => [price, size])
const live = ({ hot }: Stage, venue: Venue, symbol: MarketSymbol) => hot.liveBook(symbol, venue)

function compareAll(on: Stage, depth = 1_000): number {
  let compared = 0
  for (const [venue, symbol] of on.markets) {
    const book = live(on, venue, symbol)
    if (book === null) continue
    const truth = on.sim.book(venue, symbol)
    expect([venue, symbol, asPairs(book.bids.slice(0, depth))]).toEqual([
      venue,
      symbol,
      truth?.bids.slice(0, depth),
    ])
    expect([venue, symbol, asPairs(book.asks.slice(0, depth))]).toEqual([
      venue,
      symbol,
      truth?.asks.slice(0, depth),
    ])
    compared += 1
  }
  return compared
}

describe('books of four venues', () => {
  it('come into step and equal the venue level by level', async () => {
    const on = await staged({ symbols: ['BTC-USDT', 'ETH-USDT', 'BTC-USD'] })
    await on.until(on.allLive, 'all books are live')
    await on.run(20)
    expect(compareAll(on)).toBe(on.markets.length)
    expect(on.markets.length).toBeGreaterThanOrEqual(10)
  })
})
