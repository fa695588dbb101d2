/**
 * JSON whose digits matter. Hides how a bare number keeps its text through `JSON.parse`, what counts as a
 * decimal on the wire, and how a failed shape is put into a few words.
 */
import { z } from 'zod'
import { plain } from '../domain/decimal.ts'

const NUMBER = '(-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)'
const patterns = new Map<string, RegExp>()

/** `undefined` when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Parses JSON with the numbers under `keys` (all plain keys when omitted) as their own text: `63343.0`
 * stays `"63343.0"`. `undefined` when the text is not JSON.
 *
 * A key is found by its quotes. In sound JSON a quote that opens a key never follows a backslash and the
 * name never stops before its closing quote, so nothing inside a string can match; a number is quoted only
 * when it is a whole one, so unsound JSON stays unsound.
 */
export function parseKeepingDigits(text: string, keys?: readonly string[]): unknown {
  return parseJson(text.replace(patternOf(keys), '$1"$2"'))
}

function patternOf(keys: readonly string[] | undefined): RegExp {
  const names = keys === undefined ? '[^"\\\\]*' : `(?:${keys.join('|')})`
  let pattern = patterns.get(names)
  if (pattern === undefined) {
    pattern = new RegExp(`((?<!\\\\)"${names}"\\s*:\\s*)${NUMBER}(?=\\s*[,}\\]])`, 'g')
    patterns.set(names, pattern)
  }
  return pattern
}

/** Longer than any venue's price or size; a text beyond it is an attack on the arithmetic, not a number. */
const LONGEST = 64
const LARGEST_EXPONENT = 40
const ZERO = 48
const NINE = 57
const POINT = 46

/** An unsigned plain decimal (`"0"`, `"61837.64000000"`): what every price and size on the wire is. */
export function isAmount(value: unknown): value is string {
  if (typeof value !== 'string') return false
  const { length } = value
  if (length === 0 || length > LONGEST) return false
  let hasPoint = false
  for (let at = 0; at < length; at++) {
    const code = value.charCodeAt(at)
    if (code >= ZERO && code <= NINE) continue
    if (code !== POINT || hasPoint || at === 0 || at === length - 1) return false
    hasPoint = true
  }
  return true
}

/** An amount that may be negative: funding rates. */
export const isSigned = (value: unknown): value is string =>
  isAmount(value) || (typeof value === 'string' && value.startsWith('-') && isAmount(value.slice(1)))

/** Above zero: a price that can be used. Venues write "none" as `""` or `"0.00000000"`. */
export const isPositive = (value: unknown): value is string => isAmount(value) && /[1-9]/.test(value)

const EXPONENT = /^-?[0-9]+(?:\.[0-9]+)?[eE]([-+]?[0-9]+)$/

/** The plain decimal a JSON number's text stands for (`"1e-7"` → `"0.0000001"`); null for anything else. */
export function plainDigits(value: unknown): string | null {
  if (isSigned(value)) return value
  if (typeof value !== 'string' || value.length > LONGEST) return null
  const exponent = EXPONENT.exec(value)?.[1]
  if (exponent === undefined || Math.abs(Number(exponent)) > LARGEST_EXPONENT) return null
  return plain(value)
}

/** The same where only a value above zero means anything: prices. */
export function positiveDigits(value: unknown): string | null {
  const digits = plainDigits(value)
  return isPositive(digits) ? digits : null
}

/** Instants venues write as ISO text; null when it is none. */
export function instantOf(text: string): number | null {
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? null : instant
}

export const amount = z.string().refine(isAmount, 'not an amount')
export const signed = z.string().refine(isSigned, 'not a decimal')
/** Ids, counts and instants that arrive as JSON numbers. */
export const whole = z.int().nonnegative()
export const isWhole = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
/** The same as text: OKX sends every number so. */
export const wholeText = z.string().regex(/^\d{1,16}$/, 'not a whole number')
export const isWholeText = (value: unknown): value is string =>
  isAmount(value) && value.length < 17 && !value.includes('.')

export type Fields = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Where and how a value breaks its shape, in a dozen words; for logs and health. */
export function explain(what: string, shape: z.ZodType, value: unknown): string {
  const issue = shape.safeParse(value).error?.issues[0]
  if (issue === undefined) return `${what}: guard and shape disagree`
  const path = issue.path.map(String).join('.')
  return `${what}: ${path === '' ? '' : `${path}: `}${issue.message}`.slice(0, 160)
}
