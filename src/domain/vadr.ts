/**
 * Volume surge of one venue: the last closed hour over the mean of the closed hours before it. An hour the venue
 * lists no candle for, between two it does, had no trade and counts as zero; an hour still open never counts.
 */
import type { Decimal, Instant } from './attribution.ts'
import { divide, isDecimal, multiply, parse, sum, toNumber } from './decimal.ts'

export interface HourlyVolume {
  readonly openTime: Instant
  readonly volume: Decimal | null
}

export interface VadrFigures {
  /** Null when frozen. */
  readonly value: number | null
  readonly isFrozen: boolean
  /** Closed hours of history behind the mean, the last closed hour not counted. */
  readonly hours: number
}

const HOUR_MS = 3_600_000
const LONGEST_HOURS = 168
const SHORTEST_HOURS = 20
const RATIO_DIGITS = 12

/** Candles of one hour each, in any order. */
export function vadrOf(candles: readonly HourlyVolume[], now: Instant): VadrFigures {
  const volumes = new Map<Instant, Decimal>()
  for (const { openTime, volume } of candles) {
    if (openTime + HOUR_MS <= now && isDecimal(volume)) volumes.set(openTime, volume)
  }
  const [first, last] = ends(volumes.keys())
  const latest = volumes.get(last)
  if (latest === undefined) return { value: null, isFrozen: true, hours: 0 }
  const hours = Math.min(LONGEST_HOURS, Math.round((last - first) / HOUR_MS))
  const before = [...volumes].filter(([openTime]) => openTime < last && openTime >= last - hours * HOUR_MS)
  const total = sum(before.map(([, volume]) => volume))
  // A market with no trade at all has no mean to surge over.
  const isFrozen = hours < SHORTEST_HOURS || (parse(total)?.units ?? 0n) <= 0n
  return { value: isFrozen ? null : surge(latest, hours, total), isFrozen, hours }
}

const surge = (latest: Decimal, hours: number, total: Decimal): number =>
  toNumber(divide(multiply(latest, String(hours)), total, { digits: RATIO_DIGITS }))

function ends(times: Iterable<Instant>): readonly [Instant, Instant] {
  let [first, last] = [Infinity, -Infinity]
  for (const time of times) {
    first = Math.min(first, time)
    last = Math.max(last, time)
  }
  return [first, last]
}
