/**
 * How far an agreed number is to be believed, from 0 to 1. Additions, divisions and comparisons only, so that
 * any machine and language finds the same figure.
 *
 * A source at the median is one full vote; the vote shrinks in a straight line with its distance and is nothing
 * at two thirds of the bound, before the source would be dropped: entering or leaving never makes a step.
 * Confidence is `votes / (votes + 0.3)`. The aggregators have one vote between them. `docs/reconciliation.md` has the vectors and why it is monotone.
 */
import type { Quick } from './quick.ts'

export interface Voice {
  readonly quote: Quick
  /** Aggregators average the same exchanges: what the second of them says is an echo of the first. */
  readonly isAggregator: boolean
  /** Null when the source is used. */
  readonly reason: unknown
}

/** Where a vote is worth nothing, as a share of the bound. */
const REACH = 2 / 3
/** Votes at which confidence is one half. */
const HALF_VOTES = 0.3
/** A source nobody confirms: just enough where one source is all the policy asks for. */
const LONE_VOTES = 0.7

/** How the aggregators share their one vote: the one nearer the median, and the one that echoes it. */
const NEARER_SHARE = 0.75
const ECHO_SHARE = 0.25

/**
 * `voices` are all that passed the freshness gate and `median` is theirs: what was dropped no longer votes, but it
 * still holds the median in place.
 */
export function confidenceOf(voices: readonly Voice[], median: Quick | null, maxDeviation: number): number {
  if (median === null) return 0
  const reach = maxDeviation * REACH
  let used = 0
  let exchanges = 0
  let nearer = 0
  let echo = 0
  for (const { quote, isAggregator, reason } of voices) {
    if (reason !== null) continue
    used += 1
    const vote = voteOf(quote, median, reach)
    if (!isAggregator) exchanges += vote
    else if (vote > nearer) [nearer, echo] = [vote, nearer]
    else echo = Math.max(echo, vote)
  }
  if (used === 0) return 0
  if (used === 1) return fromVotes(LONE_VOTES / voices.length)
  return fromVotes(exchanges + NEARER_SHARE * nearer + ECHO_SHARE * echo)
}

function voteOf(quote: Quick, median: Quick, reach: number): number {
  const distance = Math.abs(quote.near - median.near) / median.near
  // The order of the tests keeps a bound of zero, or one that is no number, from becoming NaN.
  if (distance === 0) return 1
  return distance < reach ? 1 - distance / reach : 0
}

const fromVotes = (votes: number): number => Math.round((votes / (votes + HALF_VOTES)) * 1e4) / 1e4
