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
  const ask = async (
    { interval, from, to }: Span,
    take: (page: readonly CandleReading[]) => void,
  ): Promise<void> => {
    const mine = generation
    const pageMs = source.candles.maxPerRequest * INTERVAL_MS[interval]
    for (let at = from; at < to; at += pageMs) {
      const market = listing()
      if (market === null) return
      const range = { from: at, to: Math.min(to, at + pageMs), now: clock.now() }
      const request = source.candles.request(market, interval, range)
      const reading = await transport.send(request, { priority: 'background' })
      if (mine !== generation) return
      if (reading.ok) take(reading.value)
    }
  }

  const mendNow = (from: Instant, to: Instant) =>
    ask({ interval: 'M1', from, to }, (page) => {
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
      const spans = dayUntil(clock.now(), source.candles.reach ?? Number.POSITIVE_INFINITY)
      void spans.reduce(
        (before, span) => before.then(() => ask(span, (page) => bars.seed(page))),
        Promise.resolve(),
      )
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

interface Span {
  readonly interval: 'M1' | 'H1'
  readonly from: Instant
  readonly to: Instant
}

/** In minutes as far back as the venue keeps them, in hours before that: no shorter bar of then is open any more. */
function dayUntil(now: Instant, reach: number): readonly Span[] {
  const day = openTimeOf(now, 'D1')
  const end = openTimeOf(now, 'M1')
  const oldest = end - (reach - 1) * MINUTE_MS
  const minutesFrom = oldest <= day ? day : Math.ceil(oldest / INTERVAL_MS.H1) * INTERVAL_MS.H1
  return [
    ...(minutesFrom > day ? [{ interval: 'H1' as const, from: day, to: minutesFrom }] : []),
    { interval: 'M1', from: minutesFrom, to: end },
  ]
}

const sendsCandles = ({ stream }: VenueSource, { spelling }: Listing): boolean =>
  stream.subscribe([{ channel: 'candle', spelling }], 0).length > 0
