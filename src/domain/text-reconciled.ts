/** The sentence of a reconciled number: who was heard, what was decided, who was set aside and why. */
import type { Conversion, DroppedQuote, Reconciliation, UsedQuote } from './attribution.ts'
import { SOURCE_NAMES, isVenue, quoteOf } from './market.ts'
import { REASONS, grouped, names } from './text-names.ts'

/** What a reconciled sentence is made from: an `Agreement`, or the parts of one. */
export interface Said {
  readonly confidence: number
  readonly reconciliation: Reconciliation
}

export function reconciledText(what: string, { confidence, reconciliation }: Said): string {
  const { dropped, used, policy } = reconciliation
  const because = [
    ...sharedVote(used),
    ...conversions(used),
    ...grouped(
      dropped.map((quote) => ({ source: quote.source, why: whyDropped(quote, policy.maxDeviationPercent) })),
    ),
  ]
  return [verdictText(what, confidence, reconciliation), ...because].join('; ')
}

function verdictText(what: string, confidence: number, said: Reconciliation): string {
  const { used, policy, verdict } = said
  const heard = names(used.map((quote) => quote.source))
  switch (verdict) {
    case 'ACCEPTED':
      return agreedText(said, heard)
    case 'DEGRADED':
      return `${agreedText(said, heard)}, degraded: no exchange confirms it`
    case 'LOW_CONFIDENCE':
      return `No ${what}: ${heard} agree too loosely (confidence ${confidence.toFixed(2)}, at least ${policy.minConfidence} wanted)`
    case 'CONFLICT':
      return `No ${what}: ${used.map(({ source, value }) => `${SOURCE_NAMES[source]} says ${value}`).join(', ')}; more than ${policy.maxDeviationPercent} % apart and no third to decide`
    case 'TOO_FEW_SOURCES':
      return `No ${what}: ${used.length === 0 ? 'no source' : `only ${heard}`} left, ${policy.minSources} wanted`
  }
}

function agreedText({ used, method }: Reconciliation, heard: string): string {
  if (used.length === 1) return `${heard} alone`
  return method === 'TRIMMED_MEAN' && used.length > 2 ? `Trimmed mean of ${heard}` : `Median of ${heard}`
}

/** Both average the same exchanges, so their agreement is one opinion. */
function sharedVote(used: readonly UsedQuote[]): readonly string[] {
  const aggregators = used.map((quote) => quote.source).filter((source) => !isVenue(source))
  return aggregators.length < 2
    ? []
    : [`${names(aggregators)} share one vote, as they average the same exchanges`]
}

function conversions(used: readonly UsedQuote[]): readonly string[] {
  return grouped(
    used
      .filter((quote): quote is UsedQuote & { conversion: Conversion } => quote.conversion !== null)
      .map(({ source, conversion: { symbol, rate } }) => ({
        source,
        why: `converted from ${symbol.slice(0, symbol.indexOf('-'))} at ${rate} ${quoteOf(symbol)}`,
      })),
  )
}

function whyDropped({ reason, deviationPercent }: DroppedQuote, limit: number): string {
  if (reason !== 'OUTLIER' || deviationPercent === null) return `dropped, ${REASONS[reason]}`
  const distance = `${deviationPercent.toFixed(2)} % from the median`
  return deviationPercent > limit
    ? `dropped, ${distance} (limit ${limit} %)`
    : `still dropped, ${distance} (back within ${limit / 2} %)`
}
