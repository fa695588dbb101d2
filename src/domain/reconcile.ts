/**
 * One number out of what several sources claim, with the evidence for it: who was used, who was set aside and
 * why. Pure, and the same whatever order the sources answer in. `docs/reconciliation.md` explains the method.
 */
import type { Decimal, Verdict } from './attribution.ts'
import { byTrust, byValue, hear, isFresh } from './claim.ts'
import type { Agreement, Claim, Fresh, Policy, Voice } from './claim.ts'
import { confidenceOf } from './confidence.ts'
import { mean } from './decimal.ts'
import { agreement } from './evidence.ts'
import { isApart, isBeyond, middle } from './quick.ts'
import type { Quick } from './quick.ts'

export type { Agreement, Claim, Policy } from './claim.ts'

export function reconcile(claims: readonly Claim[], policy: Policy): Agreement {
  const voices: Voice[] = []
  const fresh: Fresh[] = []
  for (const claim of claims) {
    const voice = hear(claim, policy)
    // A source speaks once: whoever gathers the claims puts the one that is meant first.
    if (insert(voices, voice, byTrust) && isFresh(voice)) insert(fresh, voice, byValue)
  }
  const median = medianOf(fresh)
  if (median !== null && fresh.length > 2) dropOutliers(fresh, median, policy)
  const used = fresh.filter((voice) => voice.reason === null)
  const confidence = confidenceOf(fresh, policy)
  const verdict = verdictOf(fresh, used, confidence, policy)
  const value = verdict === 'ACCEPTED' || verdict === 'DEGRADED' ? valueOf(used, policy) : null
  return agreement({ voices, median, confidence, verdict, value, policy })
}

/** Whether sources not asked yet should be, before this answer is given. */
export const needsFallback = (agreement: Agreement, policy: Policy): boolean =>
  agreement.value === null || (policy.isHot && agreement.reconciliation.verdict === 'DEGRADED')

function dropOutliers(fresh: readonly Fresh[], median: Quick, policy: Policy): void {
  const { maxDeviation, wasDropped } = policy
  for (const voice of fresh) {
    const isReturning = wasDropped.length > 0 && wasDropped.includes(voice.claim.source)
    if (isBeyond(voice.quote, median, isReturning ? maxDeviation / 2 : maxDeviation)) voice.reason = 'OUTLIER'
  }
}

function verdictOf(
  fresh: readonly Fresh[],
  used: readonly Fresh[],
  confidence: number,
  policy: Policy,
): Verdict {
  const [first, second] = fresh
  const isPair = fresh.length === 2 && first !== undefined && second !== undefined
  if (isPair && isApart(first.quote, second.quote, policy.maxDeviation)) return 'CONFLICT'
  if (used.length === 0 || used.length < policy.minSources) return 'TOO_FEW_SOURCES'
  if (!(confidence >= policy.confidenceThreshold)) return 'LOW_CONFIDENCE'
  return policy.isHot && used.every((voice) => voice.isAggregator) ? 'DEGRADED' : 'ACCEPTED'
}

/** `used` ascending. Cutting both ends alike never moves a median, so only the mean needs the knife. */
function valueOf(used: readonly Fresh[], { method, trimPercent }: Policy): Decimal | null {
  const count = used.length
  if (method === 'TRIMMED_MEDIAN' || count < 3) return medianOf(used)?.text ?? null
  const cut = Math.min(Math.max(1, Math.floor(count * trimPercent) || 0), (count - 1) >> 1)
  const left = used.slice(cut, count - cut).map((voice) => voice.quote.text)
  return left.length === 1 ? (left[0] ?? null) : mean(left)
}

/** `fresh` ascending. */
function medianOf(fresh: readonly Fresh[]): Quick | null {
  const upper = fresh[fresh.length >> 1]
  const lower = fresh[(fresh.length - 1) >> 1]
  if (upper === undefined || lower === undefined) return null
  return upper === lower ? upper.quote : middle(lower.quote, upper.quote)
}

/** Six elements: walking back beats any sort that must be told how to compare. False, and not there, if its equal is. */
function insert<T>(sorted: T[], item: T, order: (a: T, b: T) => number): boolean {
  let at = sorted.length
  for (; at > 0; at -= 1) {
    const difference = order(sorted[at - 1] as T, item)
    if (difference === 0) return false
    if (difference < 0) break
  }
  sorted.push(item)
  for (let from = sorted.length - 1; from > at; from -= 1) sorted[from] = sorted[from - 1] as T
  sorted[at] = item
  return true
}
