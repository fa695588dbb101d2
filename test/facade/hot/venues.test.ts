import { afterEach, describe, expect, it } from 'vitest'
import type { Book } from '../../../src/domain/answer.ts'
import { VENUES } from '../../../src/domain/market.ts'
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

/** Kraken's live book is the ten levels its checksum proves. */
const provenDepth = (venue: Venue) => (venue === 'KRAKEN' ? 10 : 1_000)

function compareAll(on: Stage): number {
  let compared = 0
  for (const [venue, symbol] of on.markets) {
    const book = live(on, venue, symbol)
    if (book === null) continue
    const truth = on.sim.book(venue, symbol)
    const depth = provenDepth(venue)
    expect([venue, symbol, asPairs(book.bids)]).toEqual([venue, symbol, truth?.bids.slice(0, depth)])
    expect([venue, symbol, asPairs(book.asks)]).toEqual([venue, symbol, truth?.asks.slice(0, depth)])
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

  const SYMBOLS = ['BTC-USDT', 'ETH-USDT', 'SOL-USDT'] as const
  const gapsOf = ({ hot }: Stage, venue: Venue) => hot.streamHealth(venue)?.gapsTotal ?? Number.NaN

  it.each(VENUES)('see every lost frame of %s at the very next message, and only there', async (venue) => {
    const on = await staged({ symbols: SYMBOLS })
    await on.until(on.allLive, 'all books are live')
    for (let round = 1; round <= 4; round += 1) {
      const symbol = SYMBOLS[round % SYMBOLS.length] as MarketSymbol
      const { events, close } = hear(streamOfBook(on, venue, symbol))
      const lose = () => on.sim.fault({ kind: 'drop', source: venue, symbol, count: 1, frames: 'book' })
      let fault = lose()
      let steps = 0
      const isTold = () => events.some(({ state }) => state === 'RESYNCING')
      let toldWhenLost = Number.NaN
      await on.until(() => {
        if (fault.applied === 1 && Number.isNaN(toldWhenLost)) toldWhenLost = events.length
        // Where nothing counts the frames, the next one may repair what the lost one left: then the book is right
        // and nobody can know. It is held to the truth, and another frame is lost.
        if (fault.applied === 1 && !isTold() && ++steps > 20) {
          expect(compareAll(on)).toBe(on.markets.length)
          expect(venue).toBe('KRAKEN')
          fault = lose()
          steps = 0
          toldWhenLost = Number.NaN
        }
        return isTold()
      }, 'the reader was told')
      // Whatever message came next, nothing was told as live in between.
      expect(events.findIndex(({ state }) => state === 'RESYNCING')).toBeLessThanOrEqual(toldWhenLost)
      for (const [other, of] of on.markets) {
        const isTouched = other === venue && (venue === 'COINBASE' || of === symbol)
        if (!isTouched) expect([other, of, live(on, other, of)?.state]).toEqual([other, of, 'LIVE'])
      }
      expect(gapsOf(on, venue)).toBe(round)
      await on.until(on.allLive, 'the book has healed')
      expect(events.at(-1)?.state).toBe('LIVE')
      close()
      await on.run(3)
      expect(compareAll(on)).toBe(on.markets.length)
    }
  })

  it('never serve a wrong level as live while frames are lost, doubled and swapped on all venues', async () => {
    const on = await staged({ symbols: SYMBOLS, rate: 40 })
    await on.until(on.allLive, 'all books are live')
    const faults = VENUES.flatMap((source) =>
      (['drop', 'duplicate', 'reorder'] as const).map((kind) =>
        on.sim.fault({ kind, source, oneIn: kind === 'duplicate' ? 50 : 400, frames: 'book' }),
      ),
    )
    const wrongBefore = new Set<string>()
    let struckBefore = 0
    let compared = 0
    await on.run(150, () => {
      const struck = faults.reduce((sum, { applied }) => sum + applied, 0)
      for (const [venue, symbol] of on.markets) {
        const key = `${venue} ${symbol}`
        const book = live(on, venue, symbol)
        const truth = on.sim.book(venue, symbol)
        const depth = provenDepth(venue)
        const isRight =
          book === null ||
          (JSON.stringify(asPairs(book.bids.slice(0, depth))) ===
            JSON.stringify(truth?.bids.slice(0, depth)) &&
            JSON.stringify(asPairs(book.asks.slice(0, depth))) ===
              JSON.stringify(truth?.asks.slice(0, depth)))
        if (book !== null && isRight) compared += 1
        // Only what was lost last and has no message behind it yet may stand, and not for another tick.
        expect([key, isRight || (struck > struckBefore && !wrongBefore.has(key))]).toEqual([key, true])
        if (isRight) wrongBefore.delete(key)
        else wrongBefore.add(key)
      }
      struckBefore = struck
    })
    on.sim.clear()
    await on.until(on.allLive, 'all books have healed')
    await on.run(5)
    for (const [venue, symbol] of on.markets) {
      const depth = provenDepth(venue)
      expect(asPairs(live(on, venue, symbol)?.bids.slice(0, depth) ?? [])).toEqual(
        on.sim.book(venue, symbol)?.bids.slice(0, depth),
      )
    }
    expect(struckBefore).toBeGreaterThan(50)
    expect(compared).toBeGreaterThan(300)
  }, 60_000)

  it('heal a spoiled checksum at Kraken and a skipped frame number at Coinbase', async () => {
    const on = await staged({ symbols: SYMBOLS })
    await on.until(on.allLive, 'all books are live')
    const spoiled = on.sim.fault({ kind: 'badChecksum', source: 'KRAKEN', symbol: 'ETH-USDT' })
    const skipped = on.sim.fault({ kind: 'gap', source: 'COINBASE' })
    await on.until(() => spoiled.applied + skipped.applied === 2, 'both struck')
    expect(gapsOf(on, 'KRAKEN')).toBe(1)
    expect(gapsOf(on, 'COINBASE')).toBe(1)
    expect(live(on, 'KRAKEN', 'ETH-USDT')).toBeNull()
    expect(live(on, 'KRAKEN', 'BTC-USDT')).not.toBeNull()
    await on.until(on.allLive, 'both healed')
    await on.run(3)
    expect(compareAll(on)).toBe(on.markets.length)
  })

  it('are stale the moment the venue hangs up, and come back by themselves', async () => {
    const on = await staged()
    await on.until(on.allLive, 'all books are live')
    const { events, close } = hear(streamOfBook(on, 'OKX', 'BTC-USDT'))
    on.sim.fault({ kind: 'disconnect', source: 'OKX' })
    await on.until(() => events.at(-1)?.state === 'STALE', 'the reader was told')
    expect(events.at(-1)?.attribution.text).toContain('disconnected')
    expect(on.hot.streamHealth('OKX')?.isConnected).toBe(false)
    expect(live(on, 'KRAKEN', 'BTC-USDT')).not.toBeNull()
    await on.until(on.allLive, 'it is back')
    close()
    expect(on.hot.streamHealth('OKX')?.reconnectsTotal).toBeGreaterThanOrEqual(1)
    await on.run(3)
    expect(compareAll(on)).toBe(on.markets.length)
  })

  it('count every malformed frame and lose no good one', async () => {
    const on = await staged()
    await on.until(on.allLive, 'all books are live')
    for (const source of VENUES) {
      const before = on.hot.streamHealth(source)
      on.sim.fault({
        kind: 'malformed',
        source,
        count: 800,
        forms: ['truncated', 'nan', 'html', 'empty', 'flipped', 'proto'],
      })
      await on.run(5)
      await on.until(on.allLive, 'all books are live again')
      expect([
        source,
        (on.hot.streamHealth(source)?.malformedTotal ?? 0) - (before?.malformedTotal ?? 0),
      ]).toEqual([source, 800])
    }
    await on.run(3)
    expect(compareAll(on)).toBe(on.markets.length)
    expect(on.log.length).toBeLessThan(100)
  })
})

function streamOfBook({ hot }: Stage, venue: Venue, symbol: MarketSymbol) {
  const outcome = hot.book({ venue, symbol, depth: 20, maxRate: null })
  if (!outcome.ok) throw outcome.error
  return outcome.value.feed
}
