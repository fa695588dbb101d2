/**
 * Positive decimals read for speed, and still decided exactly. The nearest float orders and measures almost
 * every pair; where two floats are too near to tell, the integers behind the text decide. Digits that fit a
 * float's 53 bits stay plain numbers, longer ones fall back to `decimal.ts` and BigInt.
 */
import type { Decimal } from './attribution.ts'
import { compare, exceeds, mean } from './decimal.ts'
import { isDecimal, plain } from './scaled.ts'

export interface Quick {
  readonly text: Decimal
  /** The float nearest to the exact value. */
  readonly near: number
  /** Exact whole units at `scale`; NaN when they do not fit a float exactly. */
  readonly units: number
  readonly scale: number
}

/** 15 significant digits always fit 53 bits, and no two such decimals share their nearest float. */
const SAFE_DIGITS = 15
const LONGEST = 100
/** Relative room for the roundings between two texts and the float quotient of their difference. */
const DOUBT = 1e-14
const TENS: readonly number[] = Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`))

/** Null unless `text` is plain decimal text above zero. Takes anything. */
export function quick(text: unknown): Quick | null {
  if (typeof text !== 'string') return null
  const { length } = text
  if (length > SAFE_DIGITS + 1) return long(text)
  let units = 0
  let point = -1
  for (let at = 0; at < length; at += 1) {
    const digit = text.charCodeAt(at) - 48
    if (digit >= 0 && digit <= 9) units = units * 10 + digit
    else if (digit === -2 && point < 0 && at > 0) point = at
    else return null
  }
  if (units === 0 || point === length - 1) return null
  // Sixteen characters without a point are sixteen digits: one too many.
  if (point < 0 && length > SAFE_DIGITS) return long(text)
  const scale = point < 0 ? 0 : length - point - 1
  return { text, near: scale === 0 ? units : units / tens(scale), units, scale }
}

/** Exact order of two values. */
export function order(a: Quick, b: Quick): number {
  if (a.near !== b.near) return a.near - b.near
  return a.text === b.text || (isSafe(a) && isSafe(b)) ? 0 : compare(a.text, b.text)
}

/** The exact mean of two. */
export function middle(a: Quick, b: Quick): Quick {
  if (a.text === b.text) return a
  const scale = Math.max(a.scale, b.scale)
  const total = a.units * tens(scale - a.scale) + b.units * tens(scale - b.scale)
  const isHalf = total % 2 === 1
  const units = isHalf ? total * 5 : total / 2
  // NaN and anything past 53 bits fail this comparison alike.
  if (!(total * 5 <= Number.MAX_SAFE_INTEGER) || scale >= SAFE_DIGITS)
    return long(mean([a.text, b.text])) ?? a
  const digits = isHalf ? scale + 1 : scale
  return { text: pointed(units, digits), near: units / tens(digits), units, scale: digits }
}

/** Whether `|a − reference| / reference` is beyond `bound`, decided on exact values: at the bound is within. */
export function isBeyond(a: Quick, reference: Quick, bound: number): boolean {
  const distance = Math.abs(a.near - reference.near) / reference.near
  const doubt = DOUBT * (1 + distance)
  if (distance > bound + doubt) return true
  if (distance < bound - doubt) return false
  return beyondExactly(a.text, reference.text, bound)
}

/** Whether two are further apart than `bound` of their mean. */
export function isApart(a: Quick, b: Quick, bound: number): boolean {
  const centre = middle(a, b)
  // Each stands half the distance from their mean, on its own side.
  const distance = Math.abs(a.near - b.near) / centre.near
  const doubt = DOUBT * (2 + distance)
  if (distance > bound + doubt) return true
  if (distance < bound - doubt) return false
  return beyondExactly(a.text, centre.text, bound / 2)
}

/** Percent, to the millionth: enough to explain any decision, free of the float's own noise. */
export const deviationPercent = (a: Quick, reference: Quick): number =>
  Math.round((Math.abs(a.near - reference.near) / reference.near) * 1e8) / 1e6

function beyondExactly(a: Decimal, reference: Decimal, bound: number): boolean {
  // The bound a person wrote: 0.01 is one hundredth, not the float beside it. One that is no number admits nothing.
  const written = plain(String(bound))
  return !isDecimal(written) || exceeds(a, reference, written)
}

const isSafe = (value: Quick): boolean => value.units === value.units

const tens = (exponent: number): number => TENS[exponent] ?? NaN

function long(text: string): Quick | null {
  if (text.length > LONGEST || !isDecimal(text)) return null
  const near = Number(text)
  return near > 0 ? { text, near, units: NaN, scale: 0 } : null
}

function pointed(units: number, scale: number): Decimal {
  if (scale === 0) return String(units)
  const digits = String(units).padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}
