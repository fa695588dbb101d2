/** What goes into a reconciliation, what comes out, and how one claim is heard before it is weighed. */
import type {
  Conversion,
  Decimal,
  DropReason,
  Instant,
  Reconciliation,
  ReconciliationMethod,
} from './attribution.ts'
import { SOURCES, isVenue } from './market.ts'
import type { Source } from './market.ts'
import { order, quick } from './quick.ts'
import type { Quick } from './quick.ts'

/** What one source said, or why it did not. One claim a source: of several, the first alone is heard. */
export interface Claim {
  readonly source: Source
  readonly value: Decimal | null
  /** When the source says it was true; null where it does not say, then `receivedAt` stands in. */
  readonly observedAt: Instant | null
  readonly receivedAt: Instant | null
  readonly conversion: Conversion | null
  /** Set when the source gave no answer, and why. */
  readonly failure: DropReason | null
}

export interface Policy {
  readonly method: ReconciliationMethod
  /** Fraction of the median, 0.01 for 1 %; a source exactly at it is kept. */
  readonly maxDeviation: number
  readonly minSources: number
  readonly confidenceThreshold: number
  /** Fraction cut at each end by TRIMMED_MEAN; at least one a side from three sources on. */
  readonly trimPercent: number
  /** Hot symbols want an exchange among the used. */
  readonly isHot: boolean
  readonly maxAgeMs: number
  readonly now: Instant
  /** Who was dropped as OUTLIER last time: used again only within half of `maxDeviation`. */
  readonly wasDropped: readonly Source[]
  /** Most trusted first. */
  readonly order: readonly Source[]
}

export interface Agreement {
  /** Null exactly when the verdict is neither ACCEPTED nor DEGRADED. */
  readonly value: Decimal | null
  readonly confidence: number
  readonly sources: readonly Source[]
  readonly observedAt: Instant
  readonly receivedAt: Instant
  readonly reconciliation: Reconciliation
}

/** A claim as it was heard. */
export interface Voice {
  readonly claim: Claim
  readonly rank: number
  readonly quote: Quick | null
  readonly isAggregator: boolean
  /** Why it is set aside; null while it is used. */
  reason: DropReason | null
}
/** One worth weighing. */
export type Fresh = Voice & { readonly quote: Quick }

export function hear(claim: Claim, policy: Policy): Voice {
  const quote = quick(claim.value)
  return {
    claim,
    rank: rankOf(claim.source, policy.order),
    quote,
    isAggregator: !isVenue(claim.source),
    reason: reasonAgainst(claim, quote, policy),
  }
}

function reasonAgainst(claim: Claim, quote: Quick | null, policy: Policy): DropReason | null {
  if (claim.failure !== null) return claim.failure
  if (claim.value === null) return 'UNAVAILABLE'
  if (quote === null) return 'MALFORMED'
  const { observedAt, receivedAt } = claim
  // A venue's clock may run ahead of ours: what it says is never younger than when it reached us.
  const trueAt = Math.min(observedAt ?? Infinity, receivedAt ?? Infinity)
  return policy.now - trueAt <= policy.maxAgeMs && trueAt !== Infinity ? null : 'STALE'
}

export const isFresh = (voice: Voice): voice is Fresh => voice.reason === null && voice.quote !== null

/** Most trusted first; equal only for two claims of one source. */
export const byTrust = (a: Voice, b: Voice): number => a.rank - b.rank

/** Ascending. Equal values in unequal digits (`100`, `100.0`): the most trusted source's digits come first. */
export const byValue = (a: Fresh, b: Fresh): number => order(a.quote, b.quote) || byTrust(a, b)

function rankOf(source: Source, trusted: readonly Source[]): number {
  const rank = trusted.indexOf(source)
  return rank >= 0 ? rank : trusted.length + SOURCES.indexOf(source)
}
