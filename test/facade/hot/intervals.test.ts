/** Bars of every width over midnight, the moment all of them close at once, against the venues' own candles. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Bar } from '../../../src/domain/answer.ts'
import { INTERVALS, INTERVAL_MS, VENUES } from '../../../src/domain/market.ts'
import type { Interval, Venue } from '../../../src/domain/market.ts'
import { venues } from '../../../src/sources/index.ts'
import { hear, stage } from './stage.ts'
import type { Stage } from './stage.ts'

let now: Stage | null = null
afterEach(async () => {
  await now?.close()
  now = null
})

const MIDNIGHT = Date.UTC(2026, 0, 3)
const MINUTE_MS = 60_000
const QUIET_MINUTE = MIDNIGHT - 3 * MINUTE_MS

/** The bar of this venue that closed at midnight, as it was told last. */
const closedAtMidnight = (bars: readonly Bar[], venue: Venue) =>
  bars.findLast((bar) => bar.venue === venue && bar.closeTime === MIDNIGHT)

async function theirs(on: Stage, venue: Venue, interval: Interval) {
  const listing = { source: venue, symbol: 'BTC-USDT', spelling: spellings[venue] }
  const from = MIDNIGHT - INTERVAL_MS[interval]
  const request = venues[venue].candles.request(listing, interval, { from, to: MIDNIGHT, now: on.sim.now() })
  return (await on.ask(venue, request)).find(({ openTime }) => openTime === from)
}
const spellings: Readonly<Record<Venue, string>> = {
  BINANCE: 'BTCUSDT',
  OKX: 'BTC-USDT',
  COINBASE: 'BTC-USDT',
  KRAKEN: 'BTC/USDT',
}

describe('bars of every width', () => {
  it('close at midnight as the venues say they did, through lost links, lost trades and a quiet minute', async () => {
    const on = (now = await stage({
      startAt: MIDNIGHT - 4.5 * MINUTE_MS,
      tradesPerSecond: 4,
      rate: 2,
      isTurned: true,
      stepMs: 500,
    }))
    await on.until(on.allLive, 'all books are live')
    const heard = new Map(
      INTERVALS.map((interval) => {
        const outcome = on.hot.bars({ symbols: ['BTC-USDT'], interval, venues: null })
        if (!outcome.ok) throw outcome.error
        return [interval, hear<Bar>(outcome.value.feed).events]
      }),
    )
    const until = (at: number, what: string) => on.until(() => on.sim.now() >= at, what)
    for (const source of VENUES) on.sim.fault({ kind: 'drop', source, oneIn: 19, frames: 'trade' })
    await until(MIDNIGHT - 3.5 * MINUTE_MS, 'trades were lost')
    for (const source of VENUES) on.sim.fault({ kind: 'disconnect', source })
    await until(QUIET_MINUTE - 2_000, 'the links are back')
    on.sim.clear()
    for (const source of VENUES) on.sim.fault({ kind: 'quiet', source, durationMs: MINUTE_MS + 4_000 })
    await until(MIDNIGHT - 1.5 * MINUTE_MS, 'a minute went by without a trade')
    for (const source of VENUES) on.sim.fault({ kind: 'disconnect', source, code: 1001 })
    await until(MIDNIGHT + 20_000, 'midnight has passed')

    for (const venue of VENUES) {
      for (const interval of venues[venue].candles.intervals) {
        const ours = closedAtMidnight(heard.get(interval) ?? [], venue)
        const own = await theirs(on, venue, interval)
        expect([venue, interval, ours?.isClosed, ours?.interval]).toEqual([venue, interval, true, interval])
        for (const part of ['open', 'high', 'low', 'close'] as const) {
          expect([venue, interval, part, Number(ours?.[part])]).toEqual([
            venue,
            interval,
            part,
            Number(own?.[part]),
          ])
        }
        // The simulated venues round each candle's volume to a lot by itself.
        const lots = Math.abs(Number(ours?.volume) - Number(own?.volume)) / Number(own?.volume)
        expect([venue, interval, lots < (interval === 'M1' ? 1e-12 : 1e-7)]).toEqual([venue, interval, true])
        const closings = heard.get(interval)?.filter((bar) => bar.venue === venue && bar.isClosed) ?? []
        const times = new Set(closings.map(({ openTime }) => openTime))
        if (interval === 'M1') expect(times).not.toContain(QUIET_MINUTE)
      }
      expect([venue, on.hot.streamCounts(venue)?.barDifferences]).toEqual([venue, 0])
    }
  }, 60_000)
})
