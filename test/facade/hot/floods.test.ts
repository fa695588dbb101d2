/** Frames nobody can read, by the ten thousand, and a line that swallows or spoils what it carries. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Book, ConsolidatedBook } from '../../../src/domain/answer.ts'
import { VENUES } from '../../../src/domain/market.ts'
import type { Venue } from '../../../src/domain/market.ts'
import { startProxy } from '../../../src/sim/proxy.ts'
import type { Proxy } from '../../../src/sim/proxy.ts'
import type { Simulation } from '../../../src/sim/simulation.ts'
import { printFigure } from '../../support/figure.ts'
import { hear, stage } from './stage.ts'
import type { Stage } from './stage.ts'

let now: Stage | null = null
let proxies: Proxy[] = []
afterEach(async () => {
  await now?.close()
  now = null
  await Promise.all(proxies.map((proxy) => proxy.close()))
  proxies = []
})

const FLOOD = 10_000
const BURSTS = 20

describe('a flood of frames nobody can read', () => {
  it('from every venue at once is counted frame by frame, while every good frame is taken and no book is lost', async () => {
    const on = (now = await stage({
      symbols: ['BTC-USDT', 'ETH-USDT', 'SOL-USDT'],
      rate: 80,
      isTurned: true,
    }))
    await on.until(on.allLive, 'all books are live')
    const sent = (venue: Venue) => on.sim.counts()[venue].framesSent
    const before = new Map(
      VENUES.map((venue) => [venue, { ...on.hot.streamHealth(venue), framesSent: sent(venue) }]),
    )
    const cpuBefore = process.cpuUsage()
    for (let burst = 0; burst < BURSTS; burst += 1) {
      for (const source of VENUES) on.sim.fault({ kind: 'malformed', source, count: FLOOD / BURSTS })
      await on.run(1)
      expect(on.allLive()).toBe(true)
    }
    const { user, system } = process.cpuUsage(cpuBefore)
    let good = 0
    for (const venue of VENUES) {
      const was = before.get(venue)
      const is = on.hot.streamHealth(venue)
      const frames = sent(venue) - (was?.framesSent ?? 0)
      expect([venue, (is?.malformedTotal ?? 0) - (was?.malformedTotal ?? 0)]).toEqual([venue, FLOOD])
      expect([venue, (is?.messagesTotal ?? 0) - (was?.messagesTotal ?? 0)]).toEqual([venue, FLOOD + frames])
      expect([venue, is?.gapsTotal, is?.reconnectsTotal]).toEqual([venue, 0, 0])
      good += frames
    }
    for (const [venue, symbol] of on.markets) {
      const best = on.hot.liveBook(symbol, venue, 1)?.bids[0]
      expect([venue, symbol, best?.price, best?.size]).toEqual([
        venue,
        symbol,
        ...(on.sim.book(venue, symbol)?.bids[0] ?? []),
      ])
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(on.log.length).toBeLessThan(100)
    printFigure(
      `R3: ${FLOOD * VENUES.length} malformed frames counted of ${FLOOD * VENUES.length}, ${good} good ones between them all taken; ` +
        `${((user + system) / 1_000).toFixed(0)} ms of CPU, simulation included`,
    )
  }, 60_000)
})

describe('a line to a venue', () => {
  const staged = async (only: readonly Venue[]) => {
    const through = async (sim: Simulation) => {
      const ends = new Map<Venue, (typeof sim.endpoints)['kraken']>()
      for (const venue of only) {
        const own = sim.endpoints[venue.toLowerCase() as 'kraken']
        const port = Number(new URL(own.rest_url).port)
        const proxy = await startProxy({ target: { port } })
        proxies.push(proxy)
        const behind = (url: string) => url.replace(`:${port}`, `:${proxy.port}`)
        ends.set(
          venue,
          JSON.parse(JSON.stringify(own), (_key, url: unknown) =>
            typeof url === 'string' ? behind(url) : url,
          ) as typeof own,
        )
      }
      return (venue: Venue) => ends.get(venue)!
    }
    now = await stage({ only, rate: 10, through, isTurned: true })
    await now.until(now.allLive, 'all books are live')
    return now
  }
  const bookOf = ({ hot }: Stage, venue: Venue) => {
    const outcome = hot.book({ symbol: 'BTC-USDT', venue, depth: 10, maxRate: null })
    if (!outcome.ok) throw outcome.error
    return hear<Book>(outcome.value.feed)
  }

  it('that swallows everything and closes nothing leaves a stale book, no part of it in the merged one, and a live one as soon as it carries again', async () => {
    const on = await staged(['OKX', 'KRAKEN'])
    // What its pauses are like has to be learned first.
    await on.run(600)
    const { events } = bookOf(on, 'KRAKEN')
    const merged = on.hot.consolidatedBook({ symbol: 'BTC-USDT', depth: 5, venues: null, maxRate: null })
    const { events: mergedEvents } = hear<ConsolidatedBook>(
      merged.ok ? merged.value.feed : { open: () => () => {} },
    )
    expect(mergedEvents.at(-1)?.venues).toEqual(['OKX', 'KRAKEN'])
    const began = on.sim.now()
    const { accepted: acceptedBefore } = proxies[1]!.counts()
    proxies[1]!.set({ isBlackHole: true })
    await on.until(() => events.at(-1)?.state === 'STALE', 'the silence was noticed')
    const stale = on.sim.now()
    await on.settle()
    expect(mergedEvents.at(-1)).toMatchObject({
      venues: ['OKX'],
      excluded: [{ venue: 'KRAKEN', reason: 'STALE' }],
    })
    await on.until(() => proxies[1]!.counts().accepted > acceptedBefore, 'another socket was tried')
    const replaced = on.sim.now()
    proxies[1]!.set({})
    await on.until(on.allLive, 'the book is live again')
    const best = on.hot.liveBook('BTC-USDT', 'KRAKEN', 1)?.bids[0]
    expect([best?.price, best?.size]).toEqual(on.sim.book('KRAKEN', 'BTC-USDT')?.bids[0])
    // The venue's own time, which stands still while sockets deliver: the same on any machine.
    expect(stale - began).toBeLessThanOrEqual(1_100)
    expect(replaced - began).toBeLessThanOrEqual(3_100)
    printFigure(
      `R4: stale ${stale - began} ms after the line went dark, another socket tried after ${replaced - began} ms, ` +
        `live ${on.sim.now() - replaced} ms after it carried again`,
    )
  }, 60_000)

  it('that flips bits never makes a book live that the venue did not have', async () => {
    const on = await staged(VENUES)
    const shown = new Map<Venue, Set<string>>(VENUES.map((venue) => [venue, new Set()]))
    const show = (venue: Venue): void => {
      const truth = on.sim.book(venue, 'BTC-USDT')
      shown.get(venue)?.add(JSON.stringify([truth?.bids.slice(0, 10), truth?.asks.slice(0, 10)]))
    }
    // On a busy machine the first frames looked at may be those sent before the first step.
    for (const venue of VENUES) show(venue)
    let lookedAt = 0
    let tick = 0
    await on.run(200, () => {
      tick += 1
      if (tick === 5) for (const proxy of proxies) proxy.set({ corruptOneIn: 10_000 })
      for (const venue of VENUES) {
        show(venue)
        const book = on.hot.liveBook('BTC-USDT', venue, 10)
        if (book === null || tick < 5) continue
        const pairs = (levels: Book['bids']) => levels.map(({ price, size }) => [price, size])
        // On its way through another process' socket a frame may come a tick late, but it is one the venue sent.
        expect(shown.get(venue)).toContain(JSON.stringify([pairs(book.bids), pairs(book.asks)]))
        lookedAt += 1
      }
    })
    for (const proxy of proxies) proxy.set({})
    await on.until(on.allLive, 'all books are live again')
    const corrupted = proxies.reduce((sum, proxy) => sum + proxy.counts().corrupted, 0)
    const malformed = VENUES.reduce(
      (sum, venue) => sum + (on.hot.streamHealth(venue)?.malformedTotal ?? 0),
      0,
    )
    expect(corrupted).toBeGreaterThan(30)
    expect(malformed).toBeGreaterThan(0)
    printFigure(
      `R4: ${corrupted} bytes spoiled, ${malformed} frames refused, ${lookedAt} comparisons, 0 books the venue did not have`,
    )
  }, 60_000)
})
