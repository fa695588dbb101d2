/**
 * How decimal text becomes integers and back: whole units and the number of digits behind the point.
 * Nothing here rounds. Text longer than any market quotes is refused, so that no input can be expensive.
 */
import type { Decimal } from './attribution.ts'

/** The value is `units / 10 ** scale`. */
export interface Scaled {
  readonly units: bigint
  readonly scale: number
}

/** Longest text read as a number. The widest any source sends is about 40. */
const MAX_LENGTH = 100
const PLAIN = /^-?\d+(?:\.\d+)?$/
const EXPONENT = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,4})$/

/** True for plain decimal text: an optional minus, digits, at most one point with digits on both sides. */
export const isDecimal = (text: unknown): text is Decimal =>
  typeof text === 'string' && text.length <= MAX_LENGTH && PLAIN.test(text)

/** Null for anything that is not plain decimal text. */
export function parse(text: unknown): Scaled | null {
  if (!isDecimal(text)) return null
  const point = text.indexOf('.')
  if (point < 0) return { units: BigInt(text), scale: 0 }
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 }
}

/** The digits as they are: trailing zeros of the scale are written out, `-0` is `0`. */
export function format({ units, scale }: Scaled): Decimal {
  if (scale === 0) return units.toString()
  const isNegative = units < 0n
  const digits = (isNegative ? -units : units).toString().padStart(scale + 1, '0')
  return `${isNegative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** Cuts trailing zeros behind the point until `scale` digits are left; the value never changes. */
export function trimTo(value: Scaled, scale: number): Scaled {
  let { units, scale: left } = value
  while (left > scale && units % 10n === 0n) {
    units /= 10n
    left -= 1
  }
  return { units, scale: left }
}

export const powerOfTen = (exponent: number): bigint => POWERS[exponent] ?? 10n ** BigInt(exponent)

/** Units of `value` counted at a scale at least its own. */
export const unitsAt = (value: Scaled, scale: number): bigint =>
  scale === value.scale ? value.units : value.units * powerOfTen(scale - value.scale)

/**
 * Writes exponent notation out (`"1e-7"` → `"0.0000001"`), digit for digit. Text that is not a JSON number,
 * or would not fit, comes back unchanged for `isDecimal` to refuse.
 */
export function plain(text: string): string {
  if (text.length > MAX_LENGTH) return text
  const parts = EXPONENT.exec(text)
  if (parts === null) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts
  const scale = fraction.length - Number(exponent)
  if (Math.abs(scale) + whole.length + fraction.length > MAX_LENGTH) return text
  const units = BigInt(sign + whole + fraction)
  return format(scale >= 0 ? { units, scale } : { units: units * powerOfTen(-scale), scale: 0 })
}

const POWERS: readonly bigint[] = Array.from({ length: 41 }, (_, exponent) => 10n ** BigInt(exponent))
