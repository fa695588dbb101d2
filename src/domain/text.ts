/**
 * `attribution.text`: one sentence a trader can read for every kind of value and every verdict. Built from the
 * evidence alone, so that a recorded answer says the same thing for ever.
 */
import type { FeedState } from './answer.ts'
import type { DropReason } from './attribution.ts'
import { SOURCE_NAMES } from './market.ts'
import type { DerivativesVenue, Interval, Source, Venue } from './market.ts'
import { REASONS, grouped, names } from './text-names.ts'
import { reconciledText } from './text-reconciled.ts'
import type { Said } from './text-reconciled.ts'

export type { Said } from './text-reconciled.ts'

export const priceText = (said: Said): string => reconciledText('price', said)

export const volumeText = (said: Said): string => reconciledText('24 h volume', said)

/** Where the sources could not be reconciled and the exchanges' own volumes were added up instead. */
export const volumeSumText = (venues: readonly Source[]): string =>
  `Sum of the 24 h volume of ${names(venues)}: their own markets only, no agreed figure over all venues`

export interface KlineSaid {
  readonly interval: Interval
  readonly sources: readonly Source[]
  readonly nodes: number
  readonly rejected: number
}

export function klineText({ interval, sources, nodes, rejected }: KlineSaid): string {
  const refused = rejected === 0 ? '' : `; ${candles(rejected)} refused for lack of agreement`
  if (nodes === 0) return `No ${interval} candle agreed${refused}`
  return `Open, high, low and close of ${candles(nodes)} (${interval}) agreed between ${names(sources)}, volume added up${refused}`
}

/** Books. What is not live says so first. */
export function bookText({ venue, state }: { readonly venue: Venue; readonly state: FeedState }): string {
  const name = SOURCE_NAMES[venue]
  if (state === 'LIVE') return `${name} order book, in step with the venue`
  if (state === 'RESYNCING') return `${name} order book after a gap, waiting for a new snapshot`
  return `${name} order book as last seen, the venue is disconnected or silent`
}

export interface ConsolidatedSaid {
  readonly venues: readonly Venue[]
  readonly excluded: readonly { readonly venue: Venue; readonly reason: DropReason }[]
}

export function consolidatedBookText({ venues, excluded }: ConsolidatedSaid): string {
  const left = grouped(
    excluded.map(({ venue, reason }) => ({ source: venue, why: `left out, ${REASONS[reason]}` })),
  )
  const merged =
    venues.length === 0 ? 'No live order book' : `Order books of ${names(venues)} merged by price`
  return [merged, ...left].join('; ')
}

export const tradeText = (venue: Venue): string => `Trade as printed by ${SOURCE_NAMES[venue]}`

export interface BarSaid {
  readonly venue: Venue
  readonly interval: Interval
  readonly isClosed: boolean
}

export const barText = ({ venue, interval, isClosed }: BarSaid): string =>
  `${interval} bar from the trades of ${SOURCE_NAMES[venue]}, ${isClosed ? 'closed' : 'still open'}`

export interface LiquiditySaid {
  readonly venue: Venue
  readonly withinPercent: number
  readonly isComplete: boolean
}

export const liquidityText = ({ venue, withinPercent, isComplete }: LiquiditySaid): string =>
  `Spread and depth within ±${withinPercent} % of mid, from the order book of ${SOURCE_NAMES[venue]}` +
  (isComplete ? '' : '; the book ends before that, so the depths are lower bounds')

export interface VadrSaid {
  readonly venue: Venue
  readonly hours: number
  readonly isFrozen: boolean
}

export const vadrText = ({ venue, hours, isFrozen }: VadrSaid): string =>
  isFrozen
    ? `Frozen: ${hours} closed ${hours === 1 ? 'hour' : 'hours'} with volume to compare with at ${SOURCE_NAMES[venue]}, 20 needed`
    : `Last closed hour at ${SOURCE_NAMES[venue]} against the mean of the ${hours} hours before it`

export interface PerpetualSaid {
  readonly venue: DerivativesVenue
  readonly instrument: string
}

export const fundingText = ({ venue, instrument }: PerpetualSaid): string =>
  `Funding of ${instrument} as published by ${SOURCE_NAMES[venue]}`

export const openInterestText = ({ venue, instrument }: PerpetualSaid): string =>
  `Open interest of ${instrument} at ${SOURCE_NAMES[venue]}, in base units`

/** The same sentence for an answer past its time. */
export const staleText = (text: string, ageMs: number): string =>
  `${text}; stale: ${Math.max(0, Math.round(ageMs / 1000))} s old, served because every source failed`

const candles = (count: number): string => (count === 1 ? '1 candle' : `${count} candles`)
