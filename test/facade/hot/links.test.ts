import { afterEach, describe, expect, it } from 'vitest'
import type { Book, Trade } from '../../../src/domain/answer.ts'
import type { Outcome } from '../../../src/domain/errors.ts'
import { VENUES } from '../../../src/domain/market.ts'
import type { Venue } from '../../../src/domain/market.ts'
import type { Stream } from '../../../src/facade/feed.ts'
import { hear, stage } from './stage.ts'
import type { Stage } from './stage.ts'

let now: Stage | null = null
afterEach(async () => {
  await now?.close()
  now = null
})
const staged = async (...options: Parameters<typeof stage>) => (now = await stage(...options))
function opened<T>(outcome: Outcome<Stream<T>>): Stream<T> {
  if (!outcome.ok) throw outcome.error
  return outcome.value
}
const bookOf = ({ hot }: Stage, venue: Venue, symbol = 'BTC-USDT') =>
  hear<Book>(opened(hot.book({ symbol, venue, depth: 5, maxRate: null })).feed)

describe('links to the venues', () => {
  it.each(['BINANCE', 'OKX'] as const)(
    'of %s move to a new socket when it announces its end, and nothing is missed meanwhile',
    async (venue) => {
      const on = await staged({ tradesPerSecond: 10, only: [venue] })
      await on.until(on.allLive, 'the book is live')
      const book = bookOf(on, venue)
      const trades = hear<Trade>(
        opened(on.hot.trades({ symbols: ['BTC-USDT'], venues: [venue], after: null })).feed,
      )
      await on.until(() => trades.events.length > 3, 'trades flow')
      const { open, connections } = on.sim.counts()[venue]
      on.sim.fault({ kind: 'shutdownNotice', source: venue })
      await on.until(() => on.sim.counts()[venue].connections > connections, 'a successor is open')
      await on.until(() => on.sim.counts()[venue].open === open, 'the old socket is closed')
      await on.run(10)
      expect(new Set(book.events.map(({ state }) => state))).toEqual(new Set(['LIVE']))
      const all = on.sim.truth.trades(venue, 'BTC-USDT').map(({ id }) => id)
      const first = all.indexOf(trades.events[0]?.id ?? '')
      expect(trades.events.map(({ id }) => id)).toEqual(all.slice(first))
      expect(on.hot.streamHealth(venue)?.gapsTotal).toBe(0)
      book.close()
      trades.close()
    },
    30_000,
  )

  it.each(VENUES)(
    'of %s are renewed before the venue ends them, ten times over, and nothing is missed',
    async (venue) => {
      const on = await staged({
        tradesPerSecond: 10,
        only: [venue],
        isTurned: true,
        lifetimeMs: 20_000,
        stepMs: 200,
      })
      await on.until(on.allLive, 'the book is live')
      const book = bookOf(on, venue)
      const trades = hear<Trade>(
        opened(on.hot.trades({ symbols: ['BTC-USDT'], venues: [venue], after: null })).feed,
      )
      await on.until(() => trades.events.length > 3, 'trades flow')
      const { connections } = on.sim.counts()[venue]
      await on.until(
        () => on.sim.counts()[venue].connections >= connections + 10,
        'ten successors were opened',
      )
      await on.run(10)
      expect(new Set(book.events.map(({ state }) => state))).toEqual(new Set(['LIVE']))
      const all = on.sim.truth.trades(venue, 'BTC-USDT').map(({ id }) => id)
      expect(trades.events.map(({ id }) => id)).toEqual(all.slice(all.indexOf(trades.events[0]?.id ?? '')))
      expect(on.hot.streamHealth(venue)?.gapsTotal).toBe(0)
    },
  )

  it('count a refused subscription and say why the book is stale; the other markets go on', async () => {
    const extra = (['OKX', 'KRAKEN'] as const).map((source) => ({
      source,
      symbol: 'NOPE-USDT',
      spelling: source === 'OKX' ? 'NOPE-USDT' : 'NOPE/USDT',
    }))
    const on = await staged({ extra })
    await on.until(on.allLive, 'all books are live')
    for (const { source } of extra) {
      const { events, close } = bookOf(on, source, 'NOPE-USDT')
      await on.until(
        () => events.at(-1)?.attribution.text.includes('refused') === true,
        'the refusal is told',
      )
      expect(events.at(-1)?.state).toBe('STALE')
      expect(on.hot.streamReason(source)).toContain('NOPE-USDT')
      expect(on.hot.liveBook('BTC-USDT', source)).not.toBeNull()
      close()
    }
  })

  it('survive a frame of a hundred megabytes, a packed one as large, and an unfinished message of many pieces', async () => {
    const on = await staged()
    await on.until(on.allLive, 'all books are live')
    on.sim.fault({ kind: 'oversized', source: 'KRAKEN', megabytes: 100 })
    on.sim.fault({ kind: 'fragments', source: 'OKX', count: 20_000 })
    on.sim.fault({ kind: 'deflateBomb', source: 'COINBASE', megabytes: 100 })
    const isReplaced = (venue: Venue) => (on.hot.streamHealth(venue)?.reconnectsTotal ?? 0) > 0
    await on.until(
      () => (['KRAKEN', 'OKX', 'COINBASE'] as const).every(isReplaced),
      'all three sockets were replaced',
    )
    await on.until(on.allLive, 'all books are live again')
    const kinds = on.log.filter((line) => line.startsWith('stream lost')).join('\n')
    expect(kinds).toContain('oversized')
    expect(kinds).toContain('fragmented')
    await on.run(3)
    for (const venue of VENUES) {
      const best = on.hot.liveBook('BTC-USDT', venue, 1)?.bids[0]
      expect([best?.price, best?.size]).toEqual(on.sim.book(venue, 'BTC-USDT')?.bids[0])
    }
  }, 60_000)

  it('keep a book out of the way while its REST snapshot is refused, and bring it up when that answers', async () => {
    const on = await staged({ only: ['BINANCE'] })
    await on.until(on.allLive, 'the book is live')
    on.sim.fault({ kind: 'status', source: 'BINANCE', path: '/depth', status: 500 })
    const lost = on.sim.fault({ kind: 'drop', source: 'BINANCE', count: 1, frames: 'book' })
    const { events, close } = bookOf(on, 'BINANCE')
    await on.until(() => lost.applied === 1 && events.at(-1)?.state === 'RESYNCING', 'the gap was seen')
    await on.run(20)
    expect(events.at(-1)?.state).toBe('RESYNCING')
    on.sim.clear()
    await on.until(on.allLive, 'the snapshot has come')
    expect(events.at(-1)?.state).toBe('LIVE')
    close()
  })
})
