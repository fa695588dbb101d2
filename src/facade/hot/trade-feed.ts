/** The trades of one venue and symbol as readers see them. Nothing is composed that nobody reads. */
import type { Trade } from '../../domain/answer.ts'
import type { Instant } from '../../domain/attribution.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { tradeText } from '../../domain/text.ts'
import { topic } from '../stream.ts'
import type { Topic } from '../stream.ts'
import type { TapeOrder } from './cursor.ts'
import { Tape } from './tape.ts'
import type { Print } from './tape.ts'

export interface TradeFeed {
  readonly topic: Topic<Trade>
  /** Null while the market's trades are not followed. */
  readonly tape: Tape | null
  start(): void
  stop(): void
  compose(print: Print): Trade
}

export function createTradeFeed(options: {
  readonly symbol: MarketSymbol
  readonly venue: Venue
  readonly order: TapeOrder
  readonly isDense: boolean
  readonly capacity: number
  readonly printed: (print: Print) => void
  readonly holed: () => void
  readonly readersChanged: (readers: number) => void
}): TradeFeed {
  const { symbol, venue, order } = options
  const sources = [venue]
  const text = tradeText(venue)
  const readers = topic<Trade>({ readersChanged: options.readersChanged })
  let tape: Tape | null = null

  const compose = ({ event, receivedAt, sequence, number }: Print): Trade => ({
    id: event.id,
    symbol,
    venue,
    price: event.price,
    size: event.size,
    takerSide: event.takerSide,
    executedAt: event.executedAt,
    receivedAt,
    sequence,
    cursor: order.cursorAt(number),
    attribution: nativeAttribution(sources, text, event.executedAt, receivedAt),
  })

  return {
    topic: readers,
    get tape() {
      return tape
    },
    start() {
      tape = new Tape({
        order,
        isDense: options.isDense,
        capacity: options.capacity,
        holed: options.holed,
        publish: (print) => {
          options.printed(print)
          if (readers.readers > 0) readers.publish(compose(print))
        },
      })
    },
    stop() {
      tape = null
    },
    compose,
  }
}

export const nativeAttribution = (
  sources: readonly Venue[],
  text: string,
  observedAt: Instant,
  receivedAt: Instant,
) =>
  ({
    authority: 'EXCHANGE_NATIVE',
    sources,
    confidence: 1,
    tier: 'HOT',
    text,
    observedAt,
    receivedAt,
    cache: null,
    snapshot: null,
  }) as const
