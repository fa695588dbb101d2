/** The bars of one venue and symbol, every interval a feed of its own: the open bar repeats until it is closed. */
import type { Bar } from '../../domain/answer.ts'
import type { Instant } from '../../domain/attribution.ts'
import { BarFold } from '../../domain/candle.ts'
import type { BarTrade, BarValues } from '../../domain/candle.ts'
import type { CandleEvent } from '../../domain/event.ts'
import { INTERVALS } from '../../domain/market.ts'
import type { Interval, MarketSymbol, Venue } from '../../domain/market.ts'
import { barText } from '../../domain/text.ts'
import type { CandleReading } from '../../sources/source.ts'
import { topic } from '../stream.ts'
import type { Topic } from '../stream.ts'
import { nativeAttribution } from './trade-feed.ts'

export interface BarFeed {
  topic(interval: Interval): Topic<Bar>
  /** Closed minutes in which the venue's own candle was not ours. */
  readonly differences: number
  readonly readers: number
  start(): void
  stop(): void
  take(trade: BarTrade, receivedAt: Instant): void
  agree(candle: CandleEvent, receivedAt: Instant): void
  missed(): void
  closeDue(): void
  /** The venue's own closed minutes from before we listened: longer bars are whole with them. */
  seed(minutes: readonly CandleReading[]): void
}

export function createBarFeed(options: {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly now: () => Instant
  readonly readersChanged: (interval: Interval, readers: number) => void
}): BarFeed {
  const { symbol, venue, now } = options
  const sources = [venue]
  let fold: BarFold | null = null
  let startedAt: Instant = 0
  let touchedAt: Instant = 0
  let tradedAt: Instant = 0

  const compose = (values: BarValues): Bar => ({
    symbol,
    venue,
    ...values,
    attribution: nativeAttribution(
      sources,
      barText({ venue, ...values }),
      Math.max(tradedAt, values.openTime),
      touchedAt,
    ),
  })
  const topics = new Map<Interval, Topic<Bar>>(
    INTERVALS.map((interval) => [
      interval,
      topic<Bar>({
        readersChanged: (readers) => options.readersChanged(interval, readers),
        present: () => {
          const bar = fold?.bar(interval) ?? null
          return bar === null ? [] : [compose(bar)]
        },
      }),
    ]),
  )
  const tell = (bars: readonly BarValues[]): void => {
    for (const values of bars) {
      const readers = topics.get(values.interval)
      if (readers !== undefined && readers.readers > 0) readers.publish(compose(values))
    }
  }

  /** Bars of the hours before we listened make longer bars whole, and are no news themselves. */
  const tellNews = (bars: readonly BarValues[]): void =>
    tell(bars.filter(({ closeTime }) => closeTime > startedAt))

  return {
    topic: (interval) => topics.get(interval) as Topic<Bar>,
    get differences() {
      return fold?.differences ?? 0
    },
    get readers() {
      let count = 0
      for (const each of topics.values()) count += each.readers
      return count
    },
    start() {
      startedAt = now()
      fold = new BarFold(startedAt)
    },
    stop() {
      fold = null
    },
    take(trade, receivedAt) {
      if (fold === null) return
      touchedAt = receivedAt
      tradedAt = Math.max(tradedAt, trade.executedAt)
      tell(fold.take(trade))
    },
    agree(candle, receivedAt) {
      if (fold === null) return
      touchedAt = receivedAt
      tellNews(fold.agree(candle))
    },
    missed: () => fold?.missed(now()),
    seed(minutes) {
      if (fold === null) return
      fold.seed(minutes.flatMap(({ volume, ...rest }) => (volume === null ? [] : [{ ...rest, volume }])))
      tellNews(INTERVALS.slice(1).flatMap((interval) => fold?.bar(interval) ?? []))
    },
    closeDue() {
      if (fold !== null) tell(fold.closeDue(now()))
    },
  }
}
