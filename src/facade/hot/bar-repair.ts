/**
 * Minutes that trades alone cannot make whole, asked of the venue: those of the present day from before we
 * listened, and the minute in which we came or lost the link, where the venue sends no candles of its own.
 */
import { openTimeOf } from '../../domain/bar.ts'
import type { Clock } from '../../domain/clock.ts'
import type { Instant } from '../../domain/attribution.ts'
import { INTERVAL_MS } from '../../domain/market.ts'
import type { Listing } from '../../domain/market.ts'
import type { CandleReading, VenueSource } from '../../sources/source.ts'
import type { Transport } from '../../wire/http.ts'
import type { BarFeed } from './bar-feed.ts'

export interface BarRepair {
  /** Asks for the day so far, once until stopped. */
  seed(): void
  /** Trades of the minute that is open now may be missing. */
  mend(): void
  stop(): void
}

/** After a minute's end, until a venue has written its candle down. */
const WRITTEN_AFTER_MS = 3_000
const { M1: MINUTE_MS } = INTERVAL_MS

export function createBarRepair(options: {
  readonly source: VenueSource
  readonly transport: Pick<Transport, 'send'>
  readonly clock: Clock
  readonly bars: BarFeed
  readonly listing: () => Listing | null
}): BarRepair {
  const { source, transport, clock, bars, listing } = options
  let isSeeded = false
  /** Answers to what was asked before it last changed are no longer wanted. */
  let generation = 0
  let partialFrom: Instant | null = null
  let cancelMend: (() => void) | null = null

  /** Calls `take` with each page, oldest first. */
  const ask = async (from: Instant, to: Instant, take: (page: readonly CandleReading[]) => void) => {
    const mine = generation
    const pageMs = source.candles.maxPerRequest * MINUTE_MS
    for (let at = from; at < to; at += pageMs) {
      const market = listing()
      if (market === null) return
      const range = { from: at, to: Math.min(to, at + pageMs), now: clock.now() }
      const request = source.candles.request(market, 'M1', range)
      const reading = await transport.send(request, { priority: 'background' })
      if (mine !== generation) return
      if (reading.ok) take(reading.value)
    }
  }

  const mendNow = (from: Instant, to: Instant) =>
    ask(from, to, (page) => {
      for (const { volume, ...candle } of page) {
        if (volume === null) continue
        bars.agree(
          { kind: 'candle', spelling: '', interval: 'M1', isClosed: true, ...candle, volume },
          clock.now(),
        )
      }
    })

  return {
    seed() {
      if (isSeeded || listing() === null) return
      isSeeded = true
      const now = clock.now()
      void ask(openTimeOf(now, 'D1'), openTimeOf(now, 'M1'), (page) => bars.seed(page))
    },
    mend() {
      const openTime = openTimeOf(clock.now(), 'M1')
      partialFrom ??= openTime
      cancelMend?.()
      cancelMend = clock.after(openTime + MINUTE_MS + WRITTEN_AFTER_MS - clock.now(), () => {
        cancelMend = null
        const from = partialFrom ?? openTime
        partialFrom = null
        const market = listing()
        if (market === null || sendsCandles(source, market)) return
        void mendNow(from, openTime + MINUTE_MS)
      })
    },
    stop() {
      generation += 1
      isSeeded = false
      partialFrom = null
      cancelMend?.()
      cancelMend = null
    },
  }
}

const sendsCandles = ({ stream }: VenueSource, { spelling }: Listing): boolean =>
  stream.subscribe([{ channel: 'candle', spelling }], 0).length > 0
