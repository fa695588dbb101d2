/** One thing wanted of a venue's stream: a channel of a market. Exists while it is wanted. */
import type { Channel } from '../../domain/event.ts'
import type { Subscription } from '../../sources/source.ts'
import type { VenueMarket } from './venue-market.ts'

export interface Lane extends Subscription {
  readonly market: VenueMarket
  /** Monotonic: when the venue was last asked for it on the newest connection; null before. */
  askedAt: number | null
  isAcknowledged: boolean
  /** Anything came since it was asked for. */
  hasData: boolean
  /** The venue said no; asked again then. */
  refusal: { readonly reason: string; readonly retryAt: number } | null
  /** Resubscriptions since it was last steady: their pauses grow. */
  attempts: number
  /** Monotonic: since when its book is in step; null while it is not. */
  inStepAt: number | null
  /** A resubscription is due then. */
  renewAt: number | null
}

export function createLane(market: VenueMarket, channel: Channel, spelling: string): Lane {
  return {
    market,
    channel,
    spelling,
    askedAt: null,
    isAcknowledged: false,
    hasData: false,
    refusal: null,
    attempts: 0,
    inStepAt: null,
    renewAt: null,
  }
}
