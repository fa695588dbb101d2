/**
 * How far an agreed number is to be believed, from 0 to 1. Additions, divisions and comparisons only, so that
 * any machine and language finds the same figure.
 *
 * A source at the median is one full vote; the vote shrinks in a straight line with its distance and is nothing
 * at two thirds of the bound, before the source would be dropped: entering or leaving never makes a step.
 * Confidence is `votes / (votes + 0.3)`. `docs/reconciliation.md` has the vectors and why it is monotone.
 */
import type { Quick } from './quick.ts'
import { middle } from './quick.ts'

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

/** `voices` are all that passed the freshness gate, in ascending order: dropped ones hold the median in place. */
export function confidenceOf(voices: readonly Voice[], maxDeviation: number): number {
  const reach = maxDeviation * REACH
  let used = 0
  let aggregators = 0
  for (const voice of voices) {
    if (voice.reason !== null) continue
    used += 1
    if (voice.isAggregator) aggregators += 1
  }
  if (used === 0) return 0
  if (used === 1) return fromVotes(Math.min(LONE_VOTES / voices.length, 1))
  let votes = votesOf(voices, null, reach)
  // One vote between them must not cost: whichever of them agrees best with the exchanges may stand for both.
  if (aggregators > 1 && used > aggregators) {
    for (const voice of voices) {
      if (voice.isAggregator && voice.reason === null) votes = Math.max(votes, votesOf(voices, voice, reach))
    }
  }
  return fromVotes(votes)
}

/** Sum of the votes as if `absent` had not been asked. */
function votesOf(voices: readonly Voice[], absent: Voice | null, reach: number): number {
  const count = voices.length - (absent === null ? 0 : 1)
  const skip = absent === null ? voices.length : voices.indexOf(absent)
  const at = (rank: number) => voices[rank < skip ? rank : rank + 1]?.quote
  const [lower, upper] = [at((count - 1) >> 1), at(count >> 1)]
  if (lower === undefined || upper === undefined) return 0
  const centre = lower === upper ? lower.near : middle(lower, upper).near
  let exchanges = 0
  let aggregator = 0
  for (const voice of voices) {
    if (voice === absent || voice.reason !== null) continue
    const vote = Math.max(0, 1 - Math.abs(voice.quote.near - centre) / centre / reach)
    if (voice.isAggregator) aggregator = Math.max(aggregator, vote)
    else exchanges += vote
  }
  return exchanges + aggregator
}

const fromVotes = (votes: number): number => Math.round((votes / (votes + HALF_VOTES)) * 1e4) / 1e4
