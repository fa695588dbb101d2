/**
 * One number out of what several sources claim, with the evidence for it: who was used, who was set aside and
 * why. Pure, and the same whatever order the claims come in. `docs/reconciliation.md` explains the method.
 */
import type {
  Conversion,
  Decimal,
  DropReason,
  DroppedQuote,
  Instant,
  Reconciliation,
  ReconciliationMethod,
  UsedQuote,
  Verdict,
} from './attribution.ts'
import { confidenceOf } from './confidence.ts'
import { mean } from './decimal.ts'
import { AGGREGATORS, SOURCES } from './market.ts'
import type { Source } from './market.ts'
import { deviationPercent, isApart, isBeyond, middle, order, quick } from './quick.ts'
import type { Quick } from './quick.ts'
import { isDecimal } from './scaled.ts'

/** What one source said, or why it did not. One claim a source. */
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

/** A claim worth weighing. */
interface Voice {
  readonly claim: Claim
  readonly quote: Quick
  readonly isAggregator: boolean
  isUsed: boolean
}

export function reconcile(claims: readonly Claim[], policy: Policy): Agreement {
  const ranked = [...claims].sort((a, b) => rankOf(a, policy) - rankOf(b, policy) || tieBreak(a, b))
  const reasons: (DropReason | null)[] = []
  const byRank: (Voice | null)[] = []
  const voices: Voice[] = []
  for (const claim of ranked) {
    const quote = claim.failure === null ? quick(claim.value) : null
    const reason = reasonAgainst(claim, quote, policy)
    const voice =
      quote === null || reason !== null
        ? null
        : { claim, quote, isAggregator: isAggregator(claim.source), isUsed: true }
    reasons.push(reason)
    byRank.push(voice)
    if (voice !== null) insert(voices, voice)
  }
  const median = medianOf(voices)
  if (median !== null && voices.length > 2) dropOutliers(voices, median, policy)
  const used = voices.filter((voice) => voice.isUsed)
  const confidence = confidenceOf(voices, policy.maxDeviation)
  const verdict = verdictOf(voices, used, confidence, policy)
  const isAnswer = verdict === 'ACCEPTED' || verdict === 'DEGRADED'
  return agreement({
    ranked,
    reasons,
    byRank,
    median,
    confidence,
    verdict,
    value: isAnswer ? valueOf(used, policy) : null,
    policy,
  })
}

/** Whether sources not asked yet should be, before this answer is given. */
export const needsFallback = (agreement: Agreement, policy: Policy): boolean =>
  agreement.value === null || (policy.isHot && agreement.reconciliation.verdict === 'DEGRADED')

function reasonAgainst(claim: Claim, quote: Quick | null, policy: Policy): DropReason | null {
  if (claim.failure !== null) return claim.failure
  if (claim.value === null) return 'UNAVAILABLE'
  if (quote === null) return 'MALFORMED'
  const { observedAt, receivedAt } = claim
  // A venue's clock may run ahead of ours: what it says is never younger than when it reached us.
  const trueAt = Math.min(observedAt ?? Infinity, receivedAt ?? Infinity)
  return policy.now - trueAt <= policy.maxAgeMs && trueAt !== Infinity ? null : 'STALE'
}

function dropOutliers(voices: readonly Voice[], median: Quick, policy: Policy): void {
  const { maxDeviation, wasDropped } = policy
  for (const voice of voices) {
    const isReturning = wasDropped.length > 0 && wasDropped.includes(voice.claim.source)
    voice.isUsed = !isBeyond(voice.quote, median, isReturning ? maxDeviation / 2 : maxDeviation)
  }
}

function verdictOf(
  voices: readonly Voice[],
  used: readonly Voice[],
  confidence: number,
  policy: Policy,
): Verdict {
  const [first, second] = voices
  const isPair = voices.length === 2 && first !== undefined && second !== undefined
  if (isPair && isApart(first.quote, second.quote, policy.maxDeviation)) return 'CONFLICT'
  if (used.length === 0 || used.length < policy.minSources) return 'TOO_FEW_SOURCES'
  if (!(confidence >= policy.confidenceThreshold)) return 'LOW_CONFIDENCE'
  return policy.isHot && used.every((voice) => voice.isAggregator) ? 'DEGRADED' : 'ACCEPTED'
}

/** `used` ascending. Cutting both ends alike never moves a median, so only the mean needs the knife. */
function valueOf(used: readonly Voice[], { method, trimPercent }: Policy): Decimal | null {
  const count = used.length
  if (method === 'TRIMMED_MEDIAN' || count < 3) return medianOf(used)?.text ?? null
  const cut = Math.min(Math.max(1, Math.floor(count * trimPercent) || 0), (count - 1) >> 1)
  const left = used.slice(cut, count - cut).map((voice) => voice.quote.text)
  return left.length === 1 ? (left[0] ?? null) : mean(left)
}

/** `voices` ascending. */
function medianOf(voices: readonly Voice[]): Quick | null {
  const upper = voices[voices.length >> 1]
  const lower = voices[(voices.length - 1) >> 1]
  if (upper === undefined || lower === undefined) return null
  return upper === lower ? upper.quote : middle(lower.quote, upper.quote)
}

interface Decided {
  readonly ranked: readonly Claim[]
  readonly reasons: readonly (DropReason | null)[]
  readonly byRank: readonly (Voice | null)[]
  readonly median: Quick | null
  readonly confidence: number
  readonly verdict: Verdict
  readonly value: Decimal | null
  readonly policy: Policy
}

function agreement({
  ranked,
  reasons,
  byRank,
  median,
  confidence,
  verdict,
  value,
  policy,
}: Decided): Agreement {
  const used: UsedQuote[] = []
  const dropped: DroppedQuote[] = []
  const sources: Source[] = []
  for (const [rank, claim] of ranked.entries()) {
    const voice = byRank[rank]
    if (voice?.isUsed === true && median !== null) {
      used.push(usedQuote(voice, median))
      if (!sources.includes(claim.source)) sources.push(claim.source)
    } else dropped.push(droppedQuote(claim, reasons[rank] ?? 'OUTLIER', median))
  }
  return {
    value,
    confidence,
    sources,
    ...instants(used, ranked, policy.now),
    reconciliation: {
      verdict,
      method: policy.method,
      median: median?.text ?? null,
      used,
      dropped,
      policy: published(policy),
    },
  }
}

function usedQuote({ claim, quote }: Voice, median: Quick): UsedQuote {
  const receivedAt = claim.receivedAt ?? claim.observedAt ?? 0
  return {
    source: claim.source,
    value: quote.text,
    deviationPercent: deviationPercent(quote, median),
    observedAt: claim.observedAt ?? receivedAt,
    receivedAt,
    conversion: claim.conversion,
  }
}

function droppedQuote(claim: Claim, reason: DropReason, median: Quick | null): DroppedQuote {
  const quote = quick(claim.value)
  return {
    source: claim.source,
    reason,
    value: isDecimal(claim.value) ? claim.value : null,
    deviationPercent: quote === null || median === null ? null : deviationPercent(quote, median),
    observedAt: claim.observedAt ?? claim.receivedAt,
  }
}

/** As old as the oldest used, received with the last of them; of whoever answered at all when none was used. */
function instants(used: readonly UsedQuote[], claims: readonly Claim[], now: Instant) {
  let observedAt = Infinity
  let receivedAt = -Infinity
  for (const quote of used) {
    observedAt = Math.min(observedAt, quote.observedAt)
    receivedAt = Math.max(receivedAt, quote.receivedAt)
  }
  if (used.length === 0) {
    for (const claim of claims) {
      observedAt = Math.min(observedAt, claim.observedAt ?? claim.receivedAt ?? Infinity)
      receivedAt = Math.max(receivedAt, claim.receivedAt ?? claim.observedAt ?? -Infinity)
    }
  }
  return {
    observedAt: Number.isFinite(observedAt) ? observedAt : now,
    receivedAt: Number.isFinite(receivedAt) ? receivedAt : now,
  }
}

const published = ({ maxDeviation, minSources, confidenceThreshold }: Policy) => ({
  // 0.07 × 100 is 7.000000000000001 to a float; to a reader it is 7.
  maxDeviationPercent: Math.round(maxDeviation * 1e8) / 1e6,
  minSources,
  minConfidence: confidenceThreshold,
})

function insert(sorted: Voice[], voice: Voice): void {
  let at = sorted.length
  while (at > 0 && order((sorted[at - 1] ?? voice).quote, voice.quote) > 0) at -= 1
  sorted.splice(at, 0, voice)
}

const isAggregator = (source: Source): boolean => (AGGREGATORS as readonly Source[]).includes(source)

function rankOf({ source }: Claim, policy: Policy): number {
  const rank = policy.order.indexOf(source)
  return rank >= 0 ? rank : policy.order.length + SOURCES.indexOf(source)
}

/** Only for a source that claims twice: a total order all the same. */
function tieBreak(a: Claim, b: Claim): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
