/** How sentences name sources and the reasons for leaving one out. */
import type { DropReason } from './attribution.ts'
import { SOURCE_NAMES } from './market.ts'
import type { Source } from './market.ts'

export const REASONS: Readonly<Record<DropReason, string>> = {
  OUTLIER: 'too far from the median',
  STALE: 'too old',
  UNAVAILABLE: 'no answer',
  CIRCUIT_OPEN: 'failing, not asked for now',
  RATE_LIMITED: 'out of requests',
  MALFORMED: 'no usable figure',
  NOT_LISTED: 'market not listed',
}

/** Sources with the same thing to say say it together, in the order of the first of them. */
export function grouped(
  said: readonly { readonly source: Source; readonly why: string }[],
): readonly string[] {
  const groups = new Map<string, Source[]>()
  for (const { source, why } of said) groups.set(why, [...(groups.get(why) ?? []), source])
  return [...groups].map(([why, sources]) => `${names(sources)} ${why}`)
}

export function names(sources: readonly Source[]): string {
  const all = sources.map((source) => SOURCE_NAMES[source])
  const last = all.at(-1) ?? 'nobody'
  return all.length < 2 ? last : `${all.slice(0, -1).join(', ')} and ${last}`
}
