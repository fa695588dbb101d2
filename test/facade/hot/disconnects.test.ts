/** A thousand hang-ups at random moments, over the whole way from the venues' sockets to a reader. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Trade } from '../../../src/domain/answer.ts'
import { VENUES } from '../../../src/domain/market.ts'
import { printFigure } from '../../support/figure.ts'
import { hear, stage } from './stage.ts'
import type { Stage } from './stage.ts'

let now: Stage | null = null
afterEach(async () => {
  await now?.close()
  now = null
})

const HANG_UPS = 1_000
/** A small seeded generator: the same moments each run. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function tradesOf({ hot }: Stage, after: string | null) {
  const outcome = hot.trades({ symbols: ['BTC-USDT'], venues: null, after })
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

describe('a thousand random hang-ups of the venues', () => {
  it('cost a reader of trades nothing, repeat nothing and leave nothing unsaid; and one that leaves and resumes as little', async () => {
    const on = (now = await stage({
      tradesPerSecond: 3,
      rate: 2,
      isTurned: true,
      stepMs: 1_000,
      keptTrades: 200_000,
      tapeCapacity: 200_000,
    }))
    const random = randomOf(28)
    await on.until(on.allLive, 'all books are live')
    const whole = hear(tradesOf(on, null).feed)
    await on.until(
      () => VENUES.every((venue) => whole.events.some((trade) => trade.venue === venue)),
      'all trade',
    )
    // This one comes and goes too, and reads on behind its last cursor each time.
    const begun = whole.events.length
    const pieces: Trade[] = []
    let cursor = whole.events.at(-1)?.cursor ?? null
    let resumes = 0
    let leave: () => void = () => undefined
    const resume = () => {
      const stream = tradesOf(on, cursor)
      const rest = stream.resume
      const take = (trade: Trade) => {
        pieces.push(trade)
        cursor = trade.cursor
      }
      for (const trade of rest?.events ?? []) take(trade)
      leave = stream.feed.open({
        next: (trade) => (rest === null || rest.isNew(trade) ? take(trade) : undefined),
        end: () => undefined,
      })
      resumes += 1
    }
    resume()

    let cuts = 0
    while (cuts < HANG_UPS) {
      for (const source of VENUES) {
        if (random() < 0.3) continue
        const code = random() < 0.5 ? {} : { code: 1001 }
        cuts += on.sim.fault({ kind: 'disconnect', source, ...code }).applied
      }
      if (random() < 0.5) {
        leave()
        await on.run(1)
        resume()
      }
      await on.run(1 + Math.floor(random() * 9))
    }
    const last = (venue: (typeof VENUES)[number]) => on.sim.truth.trades(venue, 'BTC-USDT').at(-1)?.id
    const isComplete = () =>
      VENUES.every((venue) => whole.events.findLast((trade) => trade.venue === venue)?.id === last(venue))
    await on.until(() => on.allLive() && isComplete(), 'everything printed has arrived')

    for (const venue of VENUES) {
      const heard = whole.events.filter((trade) => trade.venue === venue)
      const all = on.sim.truth.trades(venue, 'BTC-USDT').map(({ id }) => id)
      expect(heard.map(({ id }) => id)).toEqual(all.slice(all.indexOf(heard[0]?.id ?? '')))
      const first = heard[0]?.sequence ?? 0
      expect(heard.every(({ sequence }, index) => sequence === first + index)).toBe(true)
    }
    expect(pieces.map(({ cursor: at }) => at)).toEqual(whole.events.slice(begun).map(({ cursor: at }) => at))
    printFigure(
      `R28: ${cuts} connections cut, ${resumes} resumes, ${whole.events.length} trades: 0 lost, 0 twice, 0 silent`,
    )
  }, 90_000)
})
