/** A number several sources agreed on, as it is kept: with every input, so that it can be agreed on again. */
import type {
  Attribution,
  CacheEntry,
  Instant,
  Reconciled,
  SnapshotRef,
  Tier,
} from '../../domain/attribution.ts'
import { refused } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import { SOURCE_NAMES } from '../../domain/market.ts'
import type { MarketSymbol } from '../../domain/market.ts'
import type { Agreement, Claim, Policy } from '../../domain/reconcile.ts'
import { staleText } from '../../domain/text.ts'
import type { Failure } from '../../wire/request.ts'

export interface Inputs {
  readonly claims: readonly Claim[]
  readonly policy: Policy
}

export interface Decided extends Inputs {
  /** Where it is kept and recorded: `"price:BTC-USD"`. */
  readonly key: string
  readonly symbol: MarketSymbol
  readonly agreement: Agreement
  readonly snapshot: SnapshotRef | null
}

export function reconciledView(
  agreement: Agreement,
  facts: {
    readonly tier: Tier
    readonly text: string
    readonly cache: CacheEntry | null
    readonly snapshot: SnapshotRef | null
  },
): Reconciled {
  const attribution: Attribution = {
    authority: 'RECONCILED',
    sources: agreement.sources,
    confidence: agreement.confidence,
    tier: facts.tier,
    text: facts.text,
    observedAt: agreement.observedAt,
    receivedAt: agreement.receivedAt,
    cache: facts.cache,
    snapshot: facts.snapshot,
  }
  return { value: agreement.value, attribution, reconciliation: agreement.reconciliation }
}

/** A value past its time says so in its sentence. */
export const textOf = (text: string, cache: CacheEntry | null, now: Instant): string =>
  cache?.status === 'STALE' ? staleText(text, now - cache.cachedAt) : text

/** A refusal that rests on a source having failed is not worth keeping: it may be back in a second. */
export function isWorthKeeping({
  agreement,
  claims,
}: {
  agreement: Agreement
  claims: readonly Claim[]
}): boolean {
  return (
    agreement.value !== null || claims.every(({ failure }) => failure === null || failure === 'NOT_LISTED')
  )
}

/** Nobody named a figure: because nobody lists it, or because nobody could be reached. */
export function nobodySpoke(
  what: string,
  claims: readonly Claim[],
  failures: readonly Failure[],
  now: number,
): Outcome<never> {
  if (claims.every(({ failure }) => failure === 'NOT_LISTED')) {
    return refused('NOT_LISTED', `No configured source lists ${what}.`)
  }
  const reasons = claims.map(({ source, failure }) => `${SOURCE_NAMES[source]} ${failure}`).join(', ')
  return unavailable(`${what}: ${reasons}.`, failures, now)
}

/** The last of those who waited has left: nothing is decided from what was not heard out. */
export const leftAlone = (now: number): { readonly failed: Outcome<never> } => ({
  failed: unavailable('someone who has left.', [], now),
})

const RETRY_MS = 1_000

/** `retryAt` is when the first of them may be asked again. */
export function unavailable(message: string, failures: readonly Failure[], now: number): Outcome<never> {
  const waits = failures.map(({ retryAfterMs }) => retryAfterMs ?? RETRY_MS)
  const retryAt = Math.ceil(now + (waits.length === 0 ? RETRY_MS : Math.min(...waits)))
  return refused('SOURCE_UNAVAILABLE', `Nobody could answer for ${message}`, { retryAt })
}
