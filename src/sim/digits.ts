/** How many digits a venue writes, and whole units as decimal text. Prices and sizes are counted in whole ticks and lots. */
import type { Venue } from '../domain/market.ts'

export const POWERS: readonly number[] = Array.from({ length: 19 }, (_, digits) => 10 ** digits)

/** `padded(12345, 2)` is `"123.45"`, trailing zeros kept. */
export function padded(units: number, digits: number): string {
  if (digits === 0) return String(units)
  const text = String(units).padStart(digits + 1, '0')
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** The same without trailing zeros: `"123.4"`, `"78725"`. */
export function trimmed(units: number, digits: number): string {
  if (units === 0) return '0'
  let rest = units
  let places = digits
  while (places > 0 && rest % 10 === 0) {
    rest /= 10
    places--
  }
  return padded(rest, places)
}

/** Padded to eight places, whatever the market counts in. */
export function eight(units: number, digits: number): string {
  const text = padded(units, digits)
  return digits === 0 ? `${text}.00000000` : text.padEnd(text.length + 8 - digits, '0')
}

/** Digits behind the point of a price at this venue. */
export function priceDigitsOf(venue: Venue, price: number): number {
  const isCoarse = venue === 'OKX' || venue === 'KRAKEN'
  if (price >= 10_000) return isCoarse ? 1 : 2
  if (price >= 100) return 2
  if (price >= 10) return 3
  if (price >= 1) return 4
  if (price >= 0.1) return 5
  if (price >= 0.001) return 6
  return venue === 'BINANCE' ? 8 : 9
}

/** Digits behind the point of a size at this venue. */
export function sizeDigitsOf(venue: Venue, price: number): number {
  if (venue === 'KRAKEN') return price >= 0.01 ? 8 : 5
  if (price >= 1_000) return venue === 'BINANCE' ? 5 : 8
  if (price >= 10) return venue === 'BINANCE' ? 3 : 6
  if (price >= 0.1) return venue === 'BINANCE' ? 1 : 4
  return venue === 'BINANCE' ? 0 : 1
}
