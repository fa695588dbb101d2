/**
 * Exact arithmetic on decimal text. Sums, differences and products are exact; a quotient, or a mean that does
 * not end, is rounded half to even at a stated digit. Never a float, never exponent notation.
 *
 * Trailing zeros: a result keeps as many digits behind the point as its finest operand had, and more only
 * where the value needs them. `mean(["45000", "45050"])` is `"45025"`, `mean(["1.00", "2.00"])` is `"1.50"`.
 *
 * @throws RangeError when an operand is not plain decimal text: check with `isDecimal` at the border.
 */
import type { Decimal } from './attribution.ts'
import { format, parse, powerOfTen, trimTo, unitsAt } from './scaled.ts'
import type { Scaled } from './scaled.ts'

export { format, isDecimal, parse, plain } from './scaled.ts'
export type { Scaled } from './scaled.ts'

/** Significant digits of a mean that does not end; never fewer digits behind the point than its operands. */
const MEAN_DIGITS = 16

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compare(a: Decimal, b: Decimal): number {
  if (a === b) return 0
  const [left, right] = [exact(a), exact(b)]
  const scale = Math.max(left.scale, right.scale)
  const [x, y] = [unitsAt(left, scale), unitsAt(right, scale)]
  return x < y ? -1 : x > y ? 1 : 0
}

export const add = (a: Decimal, b: Decimal): Decimal => sum([a, b])

export function subtract(a: Decimal, b: Decimal): Decimal {
  const [left, right] = [exact(a), exact(b)]
  const scale = Math.max(left.scale, right.scale)
  return format({ units: unitsAt(left, scale) - unitsAt(right, scale), scale })
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  const [left, right] = [exact(a), exact(b)]
  const product = { units: left.units * right.units, scale: left.scale + right.scale }
  return format(trimTo(product, Math.max(left.scale, right.scale)))
}

/** Rounded half to even at `digits` behind the point. @throws RangeError when `b` is zero. */
export function divide(a: Decimal, b: Decimal, { digits }: { readonly digits: number }): Decimal {
  const [left, right] = [exact(a), exact(b)]
  if (right.units === 0n) throw new RangeError(`${a} divided by zero`)
  const quotient = quotientAt(left, right, digits)
  return format(trimTo(quotient, Math.min(digits, Math.max(left.scale, right.scale))))
}

export function sum(values: readonly Decimal[]): Decimal {
  const all = values.map(exact)
  const scale = finest(all)
  return format({ units: all.reduce((total, value) => total + unitsAt(value, scale), 0n), scale })
}

/** @throws RangeError when there is nothing to average. */
export function mean(values: readonly Decimal[]): Decimal {
  const all = values.map(exact)
  if (all.length === 0) throw new RangeError('mean of nothing')
  const scale = finest(all)
  const total = { units: all.reduce((units, value) => units + unitsAt(value, scale), 0n), scale }
  return format(trimTo(quotientAt(total, { units: BigInt(all.length), scale: 0 }, meanScale(total)), scale))
}

/** The middle one in its own digits, or the exact mean of the middle two. @throws RangeError on nothing. */
export function median(values: readonly Decimal[]): Decimal {
  const sorted = [...values].sort(compare)
  const upper = sorted[sorted.length >> 1]
  if (upper === undefined) throw new RangeError('median of nothing')
  const lower = sorted[(sorted.length - 1) >> 1] ?? upper
  return sorted.length % 2 === 1 ? upper : mean([lower, upper])
}

export const abs = (a: Decimal): Decimal => (exact(a).units < 0n ? a.slice(1) : a)

export const isZero = (a: Decimal): boolean => exact(a).units === 0n

/** The same value with no trailing zeros behind the point: for figures that are ours, not a source's. */
export const strip = (a: Decimal): Decimal => format(trimTo(exact(a), 0))

/** The nearest float. For display figures and ratios; never for a decision. */
export const toNumber = (a: Decimal): number => Number(a)

/** `percent` of `a`, exact: `percentOf("45050", "2")` is `"901"`. */
export const percentOf = (a: Decimal, percent: Decimal): Decimal => {
  const [value, share] = [exact(a), exact(percent)]
  const product = { units: value.units * share.units, scale: value.scale + share.scale + 2 }
  return format(trimTo(product, Math.max(value.scale, share.scale)))
}

/** `|a − reference| / reference` as a float, for showing. Deciding is `exceeds`. */
export const deviation = (a: Decimal, reference: Decimal): number =>
  Math.abs(Number(a) - Number(reference)) / Number(reference)

/** Whether `|a − reference| / reference > bound`, decided exactly: at the bound is not beyond it. */
export function exceeds(a: Decimal, reference: Decimal, bound: Decimal): boolean {
  const [value, base, limit] = [exact(a), exact(reference), exact(bound)]
  const scale = Math.max(value.scale, base.scale)
  const [x, m] = [unitsAt(value, scale), unitsAt(base, scale)]
  const distance = x < m ? m - x : x - m
  return distance * powerOfTen(limit.scale) > limit.units * m
}

function exact(text: Decimal): Scaled {
  const value = parse(text)
  if (value === null) throw new RangeError(`not a decimal: ${String(text).slice(0, 40)}`)
  return value
}

const finest = (values: readonly Scaled[]): number =>
  values.reduce((scale, value) => Math.max(scale, value.scale), 0)

/** Twos and fives of small counts end within a few digits; the rest get MEAN_DIGITS significant ones. */
function meanScale({ units, scale }: Scaled): number {
  const whole = (units < 0n ? -units : units).toString().length - scale
  return Math.max(scale + 3, MEAN_DIGITS - whole)
}

function quotientAt(a: Scaled, b: Scaled, digits: number): Scaled {
  const shift = digits + b.scale - a.scale
  const top = shift >= 0 ? a.units * powerOfTen(shift) : a.units
  const bottom = shift >= 0 ? b.units : b.units * powerOfTen(-shift)
  const isNegative = top < 0n !== bottom < 0n
  const [n, d] = [top < 0n ? -top : top, bottom < 0n ? -bottom : bottom]
  const [whole, rest] = [n / d, (n % d) * 2n]
  const units = rest > d || (rest === d && whole % 2n === 1n) ? whole + 1n : whole
  return { units: isNegative ? -units : units, scale: digits }
}
