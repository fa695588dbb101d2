/** Who may ask for what: refusals as outcomes, before anything flows. */
import { answered, refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import type { MarketSymbol, Venue } from '../../domain/market.ts'
import { SOURCE_NAMES } from '../../domain/market.ts'
import type { Universe } from '../facade.ts'

export interface Admission {
  readonly universe: Universe
  /** Allowed to speak for microstructure, most trusted first. */
  readonly venues: readonly Venue[]
  /** False until the venue's own list of markets has arrived. */
  readonly isKnown: (venue: Venue) => boolean
}

const MOST_LEVELS = 1_000
const MOST_A_SECOND = 100
type Refusal = Outcome<never>

export function checkSymbols({ universe }: Admission, symbols: readonly MarketSymbol[]): Refusal | null {
  if (symbols.length === 0) {
    return refused('BAD_USER_INPUT', 'At least one symbol is needed', { argument: 'symbols', limit: 1 })
  }
  const unknown = symbols.find((symbol) => !universe.has(symbol))
  return unknown === undefined ? null : refused('UNKNOWN_SYMBOL', `${unknown} is not a configured market.`)
}

/** The venues to read: those asked for, or all that are allowed and may list one of the symbols. */
export function checkMarkets(
  admission: Admission,
  symbols: readonly MarketSymbol[],
  venues: readonly Venue[] | null,
): Outcome<readonly Venue[]> {
  const unknown = checkSymbols(admission, symbols)
  if (unknown !== null) return unknown
  if (venues !== null && venues.length === 0) {
    return refused('BAD_USER_INPUT', 'At least one venue is needed', { argument: 'venues', limit: 1 })
  }
  const asked = [...new Set(venues ?? admission.venues)]
  for (const venue of asked) {
    const forbidden = checkVenue(admission, venue)
    if (forbidden !== null) return forbidden
  }
  for (const symbol of symbols) {
    if (!asked.some((venue) => mayList(admission, symbol, venue))) return notListed(symbol, asked)
  }
  return answered(asked)
}

export function checkBook(admission: Admission, symbol: MarketSymbol, venue: Venue): Refusal | null {
  const refusal = checkSymbols(admission, [symbol]) ?? checkVenue(admission, venue)
  if (refusal !== null) return refusal
  return mayList(admission, symbol, venue) ? null : notListed(symbol, [venue])
}

export function checkDepth(depth: number): Refusal | null {
  if (Number.isInteger(depth) && depth >= 1 && depth <= MOST_LEVELS) return null
  return refused('BAD_USER_INPUT', `depth must be a whole number from 1 to ${MOST_LEVELS}`, {
    argument: 'depth',
    limit: MOST_LEVELS,
  })
}

export function checkRate(maxRate: number | null): Refusal | null {
  if (maxRate === null || (maxRate > 0 && maxRate <= MOST_A_SECOND)) return null
  return refused('BAD_USER_INPUT', `maxRate must be above 0 and at most ${MOST_A_SECOND} a second`, {
    argument: 'maxRate',
    limit: MOST_A_SECOND,
  })
}

function checkVenue({ venues }: Admission, venue: Venue): Refusal | null {
  if (venues.includes(venue)) return null
  return refused('NOT_AUTHORITATIVE', `${SOURCE_NAMES[venue]} is not allowed to speak for books and trades`)
}

const mayList = ({ universe, isKnown }: Admission, symbol: MarketSymbol, venue: Venue): boolean =>
  universe.listingAt(symbol, venue) !== null || !isKnown(venue)

function notListed(symbol: MarketSymbol, venues: readonly Venue[]): Refusal {
  const names = venues.map((venue) => SOURCE_NAMES[venue]).join(', ')
  return refused('NOT_LISTED', `${symbol} is not listed at ${names}`)
}
