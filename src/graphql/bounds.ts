/** Argument bounds, in one place. Every refusal names the argument and the limit it broke. */
import { FacadeError } from '../domain/errors.ts'

export const MOST_SYMBOLS = 500
export const MOST_CANDLES = 5000
export const MOST_LEVELS = 1000
const MOST_PERCENT = 50
const MOST_PER_SECOND = 100

export const lastBound = (last: number): number => within('last', last, 1, MOST_CANDLES)

export const depthBound = (depth: number): number => within('depth', depth, 1, MOST_LEVELS)

export function withinPercentBound(percent: number): number {
  if (!(percent > 0)) refuseArgument('withinPercent', 0, 'must be above 0')
  return within('withinPercent', percent, 0, MOST_PERCENT)
}

/** Null stays null: as fast as the data comes. */
export function maxRateBound(maxRate: number | null | undefined): number | null {
  if (maxRate === null || maxRate === undefined) return null
  if (!(maxRate > 0)) refuseArgument('maxRate', 0, 'must be above 0')
  return within('maxRate', maxRate, 0, MOST_PER_SECOND)
}

export function symbolsBound<T>(symbols: readonly T[]): readonly T[] {
  if (symbols.length > MOST_SYMBOLS) {
    refuseArgument('symbols', MOST_SYMBOLS, `takes at most ${MOST_SYMBOLS} entries, not ${symbols.length}`)
  }
  return symbols
}

/** A stream of nothing would stay silent for ever, so an empty list is refused; a name given twice counts once. */
export function streamedBound<T>(argument: 'symbols' | 'venues', values: readonly T[]): readonly T[] {
  if (values.length === 0) refuseArgument(argument, 1, 'must name at least one')
  if (values.length > MOST_SYMBOLS) {
    refuseArgument(argument, MOST_SYMBOLS, `takes at most ${MOST_SYMBOLS} entries, not ${values.length}`)
  }
  return [...new Set(values)]
}

/** Null and absent mean all allowed venues. */
export function venuesBound<T>(venues: readonly T[] | null | undefined): readonly T[] | null {
  return venues === null || venues === undefined ? null : streamedBound('venues', venues)
}

function within(argument: string, value: number, from: number, to: number): number {
  if (!(value >= from)) refuseArgument(argument, from, `must be at least ${from}, not ${value}`)
  if (value > to) refuseArgument(argument, to, `must be at most ${to}, not ${value}`)
  return value
}

function refuseArgument(argument: string, limit: number, rule: string): never {
  throw new FacadeError('BAD_USER_INPUT', `\`${argument}\` ${rule}.`, { argument, limit })
}
