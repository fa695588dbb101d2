/**
 * How far an agreed number is to be believed, from 0 to 1: how well the used sources confirm one of them.
 *
 * Every pair agrees by a share that shrinks with the ratio of its two values. A source is confirmed by the sum over
 * the others, the aggregators counting once, since they average the same exchanges; the best confirmed one decides.
 * Only sums and maxima of such shares, so closer or more never means less: `docs/reconciliation.md` has the proof.
 * Shares are whole numbers, so that sums are exact in any order and a rounding cannot undo the proof.
 */
import type { Quick } from './quick.ts'

export interface Voice {
  readonly quote: Quick
  readonly isAggregator: boolean
  /** Null when the source is used. */
  readonly reason: unknown
}

export interface Rules {
  readonly maxDeviation: number
  readonly minSources: number
}

/** The share of two equal values. */
const WHOLE = 1_000_000
/** Two aggregators alone are worth a little less than two sources of different origin. */
const ECHO = 0.95
/** Where confidence is one half. */
const HALF = 0.2 * WHOLE
/** Confidence 0.7. */
const LONE = Math.ceil((HALF * 7) / 3)

/** `voices` are all that passed the freshness gate, in any order. */
export function confidenceOf(voices: readonly Voice[], rules: Rules): number {
  let used = 0
  let best = 0
  for (const anchor of voices) {
    if (anchor.reason !== null) continue
    used += 1
    best = Math.max(best, corroboration(anchor, voices, rules.maxDeviation))
  }
  // Where one source is enough, two that nobody contradicts cannot be worse.
  if (rules.minSources <= 1 && used > 0 && used === voices.length) best = Math.max(best, LONE)
  return Math.round((best / (best + HALF)) * 1e4) / 1e4
}

function corroboration(anchor: Voice, voices: readonly Voice[], maxDeviation: number): number {
  let exchanges = 0
  let aggregator = 0
  for (const other of voices) {
    if (other === anchor || other.reason !== null) continue
    const share = shareOf(anchor.quote.near, other.quote.near, maxDeviation)
    if (!other.isAggregator) exchanges += share
    else if (share > aggregator) aggregator = share
  }
  return anchor.isAggregator ? Math.max(exchanges, Math.round(aggregator * ECHO)) : exchanges + aggregator
}

/** Their ratio says how far apart two are: the same from either side, and at any price. */
function shareOf(a: number, b: number, maxDeviation: number): number {
  if (a === b) return WHOLE
  const apart = a < b ? (b - a) / a : (a - b) / b
  // A bound of zero, or one that is no number, fails this comparison.
  return apart < maxDeviation ? Math.round((1 - apart / maxDeviation) * WHOLE) : 0
}
