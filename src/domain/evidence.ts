/** Writes a decision down: who was used, who was set aside and why, and under which rules. */
import type { Decimal, DroppedQuote, Instant, UsedQuote, Verdict } from './attribution.ts'
import { isFresh } from './claim.ts'
import type { Agreement, Fresh, Policy, Voice } from './claim.ts'
import type { Source } from './market.ts'
import { deviationPercent } from './quick.ts'
import type { Quick } from './quick.ts'
import { isDecimal } from './scaled.ts'

export interface Decided {
  /** Most trusted first. */
  readonly voices: readonly Voice[]
  readonly median: Quick | null
  readonly confidence: number
  readonly verdict: Verdict
  readonly value: Decimal | null
  readonly policy: Policy
}

export function agreement({ voices, median, confidence, verdict, value, policy }: Decided): Agreement {
  const used: UsedQuote[] = []
  const dropped: DroppedQuote[] = []
  const sources: Source[] = []
  for (const voice of voices) {
    if (isFresh(voice) && median !== null) {
      used.push(usedQuote(voice, median))
      sources.push(voice.claim.source)
    } else dropped.push(droppedQuote(voice, median))
  }
  const { observedAt, receivedAt } = used.length > 0 ? instantsOf(used) : instantsOfAll(voices, policy.now)
  const { method } = policy
  const text = median === null ? null : median.text
  const reconciliation = { verdict, method, median: text, used, dropped, policy: published(policy) }
  return { value, confidence, sources, observedAt, receivedAt, reconciliation }
}

function usedQuote({ claim, quote }: Fresh, median: Quick): UsedQuote {
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

function droppedQuote({ claim, quote, reason }: Voice, median: Quick | null): DroppedQuote {
  return {
    source: claim.source,
    reason: reason ?? 'OUTLIER',
    value: isDecimal(claim.value) ? claim.value : null,
    deviationPercent: quote === null || median === null ? null : deviationPercent(quote, median),
    observedAt: claim.observedAt ?? claim.receivedAt,
  }
}

/** As old as the oldest used, received with the last of them. */
function instantsOf(used: readonly UsedQuote[]) {
  let observedAt = Infinity
  let receivedAt = -Infinity
  for (const quote of used) {
    if (quote.observedAt < observedAt) observedAt = quote.observedAt
    if (quote.receivedAt > receivedAt) receivedAt = quote.receivedAt
  }
  return { observedAt, receivedAt }
}

/** Nobody was used: the same of whoever answered at all. */
function instantsOfAll(voices: readonly Voice[], now: Instant) {
  const observed = voices
    .map(({ claim }) => claim.observedAt ?? claim.receivedAt ?? NaN)
    .filter(Number.isFinite)
  const received = voices
    .map(({ claim }) => claim.receivedAt ?? claim.observedAt ?? NaN)
    .filter(Number.isFinite)
  return {
    observedAt: observed.length === 0 ? now : Math.min(...observed),
    receivedAt: received.length === 0 ? now : Math.max(...received),
  }
}

const published = ({ maxDeviation, minSources, confidenceThreshold }: Policy) => ({
  // 0.07 × 100 is 7.000000000000001 to a float; to a reader it is 7.
  maxDeviationPercent: Math.round(maxDeviation * 1e8) / 1e6,
  minSources,
  minConfidence: confidenceThreshold,
})
