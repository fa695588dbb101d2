import { afterEach, describe, expect, it } from 'vitest'
import type { Bar, Trade } from '../../../src/domain/answer.ts'
import { add, compare } from '../../../src/domain/decimal.ts'
import { VENUES } from '../../../src/domain/market.ts'
import { hear, stage } from './stage.ts'
import type { Stage } from './stage.ts'

let now: Stage | null = null
afterEach(async () => {
  await now?.close()
  now = null
})
const staged = async (...options: Parameters<typeof stage>) => (now = await stage(...options))

function tradesOf({ hot }: Stage, after: string | null = null) {
  const outcome = hot.trades({ symbols: ['BTC-USDT'], venues: null, after })
  if (!outcome.ok) throw outcome.error
  return outcome.value
}
const of = (trades: readonly Trade[], venue: string) => trades.filter((trade) => trade.venue === venue)

/** Everything the venue printed from the first trade heard to its last. */
function printed({ sim }: Stage, venue: 'BINANCE' | 'OKX' | 'COINBASE' | 'KRAKEN', heard: readonly Trade[]) {
  const all = sim.truth.trades(venue, 'BTC-USDT')
  return all.slice(all.findIndex(({ id }) => id === heard[0]?.id)).map(({ id }) => id)
}

describe('trades of four venues', () => {
  it('arrive once each and in a dense sequence through random disconnects, lost and doubled frames', async () => {
    const on = await staged({ tradesPerSecond: 8 })
    await on.until(on.allLive, 'all books are live')
    const { events, close } = hear(tradesOf(on).feed)
    await on.until(() => VENUES.every((venue) => of(events, venue).length > 2), 'all venues trade')
    for (const source of VENUES) {
      on.sim.fault({ kind: 'duplicate', source, oneIn: 5, frames: 'trade' })
      on.sim.fault({ kind: 'drop', source, oneIn: 23, frames: 'trade' })
    }
    for (let round = 0; round < 12; round += 1) {
      on.sim.fault({
        kind: 'disconnect',
        source: VENUES[round % 4] ?? 'OKX',
        ...(round % 3 ? {} : { code: 1001 }),
      })
      await on.run(4)
      if (round % 4 === 3) await on.until(on.allLive, 'all books are live again')
    }
    on.sim.clear()
    await on.until(on.allLive, 'all books are live again')
    const isComplete = () =>
      VENUES.every(
        (venue) => of(events, venue).at(-1)?.id === on.sim.truth.trades(venue, 'BTC-USDT').at(-1)?.id,
      )
    await on.until(isComplete, 'everything printed has arrived')
    for (const venue of VENUES) {
      const heard = of(events, venue)
      expect([venue, heard.map(({ id }) => id)]).toEqual([venue, printed(on, venue, heard)])
      const first = heard[0]?.sequence ?? 0
      expect(heard.map(({ sequence }) => sequence)).toEqual(heard.map((_, index) => first + index))
    }
    close()
  }, 60_000)

  it('go on behind a cursor: nothing lost, nothing twice, whatever was read before', async () => {
    const on = await staged({ tradesPerSecond: 10 })
    await on.until(on.allLive, 'all books are live')
    const whole = hear(tradesOf(on).feed)
    await on.run(20)
    for (const at of [0, 5, 11, whole.events.length - 1]) {
      const cursor = whole.events[at]?.cursor ?? ''
      const stream = tradesOf(on, cursor)
      const { resume } = stream
      const rest: Trade[] = [...(resume?.events ?? [])]
      const close = stream.feed.open({
        next: (trade) => void (resume?.isNew(trade) === false ? undefined : rest.push(trade)),
        end: () => undefined,
      })
      await on.run(5)
      close()
      expect(rest).toEqual(whole.events.slice(at + 1))
    }
    whole.close()
  })

  it('say so when the place to go on from is no longer held, and where the oldest is', async () => {
    const on = await staged({ tradesPerSecond: 10, tapeCapacity: 5 })
    await on.until(on.allLive, 'all books are live')
    const { events } = hear(tradesOf(on).feed)
    await on.run(30)
    const request = { symbols: ['BTC-USDT'], venues: null }
    const outcome = on.hot.trades({ ...request, after: events[0]?.cursor ?? '' })
    expect(!outcome.ok && outcome.error.code).toBe('RESUME_EXPIRED')
    const earliest = outcome.ok ? null : (outcome.error.facts.earliest as string)
    const stream = tradesOf(on, earliest)
    const { resume } = stream
    const from = events.findIndex(({ cursor }) => cursor === earliest)
    expect(from).toBeGreaterThan(0)
    expect(resume?.events).toEqual(events.slice(from + 1))
  })

  it('resume through the stream as a plain reader would', async () => {
    const on = await staged({ tradesPerSecond: 10 })
    await on.until(on.allLive, 'all books are live')
    const whole = hear(tradesOf(on).feed)
    await on.run(10)
    const iterator = tradesOf(on, whole.events[2]?.cursor ?? null)[Symbol.asyncIterator]()
    await on.run(5)
    const read: Trade[] = []
    while (read.length < whole.events.length - 3) {
      const result = await iterator.next()
      if (result.done !== true) read.push(result.value)
    }
    expect(read).toEqual(whole.events.slice(3))
    const parked = iterator.next()
    await iterator.return?.()
    expect((await parked).done).toBe(true)
  })
})

describe('bars of four venues', () => {
  it('repeat the open bar until it is closed, and equal what was traded in the minute', async () => {
    const on = await staged({ tradesPerSecond: 2, tickMs: 500 })
    await on.until(on.allLive, 'all books are live')
    const outcome = on.hot.bars({ symbols: ['BTC-USDT'], interval: 'M1', venues: null })
    if (!outcome.ok) throw outcome.error
    const { events, close } = hear(outcome.value.feed)
    await on.until(
      () => VENUES.every((venue) => closedOf(events, venue).length >= 2),
      'two minutes have closed',
    )
    for (const venue of VENUES) {
      // The first minute was already running when we came.
      const bar = closedOf(events, venue)[1] as Bar
      const trades = on.sim.truth
        .trades(venue, 'BTC-USDT')
        .filter(({ executedAt }) => executedAt >= bar.openTime && executedAt < bar.closeTime)
      expect([venue, bar.open, bar.close]).toEqual([venue, trades[0]?.price, trades.at(-1)?.price])
      const volume = trades.reduce((sum, { size }) => add(sum, size), '0')
      expect([venue, compare(bar.volume ?? '0', volume)]).toEqual([venue, 0])
      const opens = events.filter((each) => each.venue === venue && each.openTime === bar.openTime)
      expect(opens.filter(({ isClosed }) => !isClosed).length).toBeGreaterThan(1)
      expect(opens.at(-1)?.isClosed).toBe(true)
    }
    close()
  }, 60_000)

  it('of an hour are whole from the start, though nobody listened then', async () => {
    const on = await staged({ tradesPerSecond: 2 })
    await on.until(on.allLive, 'all books are live')
    const outcome = on.hot.bars({ symbols: ['BTC-USDT'], interval: 'D1', venues: ['BINANCE'] })
    if (!outcome.ok) throw outcome.error
    const { events, close } = hear(outcome.value.feed)
    const single = () => events.at(-1)
    await on.until(() => Number(single()?.volume ?? 0) > 10, 'the day so far was asked for')
    expect(single()?.openTime).toBe(Date.UTC(2026, 0, 2))
    close()
  })
})

const closedOf = (bars: readonly Bar[], venue: string) => {
  const closed = new Map(
    bars.filter((bar) => bar.venue === venue && bar.isClosed).map((bar) => [bar.openTime, bar]),
  )
  return [...closed.values()].sort((a, b) => a.openTime - b.openTime)
}
