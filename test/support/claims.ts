/** Claims and policies for tests and benches, and a second, plain reconciliation to hold the fast one against. */
import { compare, exceeds, median, multiply, plain } from '../../src/domain/decimal.ts'
import { isDecimal, parse } from '../../src/domain/scaled.ts'
import type { Source } from '../../src/domain/market.ts'
import type { Claim, Policy } from '../../src/domain/reconcile.ts'

export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
export const TRUSTED: readonly Source[] = ['COINBASE', 'KRAKEN', 'BINANCE', 'OKX', 'COINGECKO', 'COINPAPRIKA']

export const policy = (changed: Partial<Policy> = {}): Policy => ({
  method: 'TRIMMED_MEDIAN',
  maxDeviation: 0.01,
  minSources: 2,
  confidenceThreshold: 0.7,
  trimPercent: 0.1,
  isHot: false,
  maxAgeMs: 60_000,
  now: NOW,
  wasDropped: [],
  order: TRUSTED,
  ...changed,
})

export const claim = (source: Source, value: string | null, changed: Partial<Claim> = {}): Claim => ({
  source,
  value,
  observedAt: NOW - 1_000,
  receivedAt: NOW - 500,
  conversion: null,
  failure: null,
  ...changed,
})

/** One claim each, the most trusted source first. */
export const claims = (...values: readonly string[]): readonly Claim[] =>
  values.map((value, index) => claim(TRUSTED[index] ?? 'COINPAPRIKA', value))

/** The rules in big integers throughout, with no regard for speed: value and who is dropped, or null. */
export function plainReconcile(heard: readonly Claim[], rules: Policy) {
  const fresh = heard.flatMap(({ source, value }) =>
    isDecimal(value) && (parse(value)?.units ?? 0n) > 0n ? [{ source, value }] : [],
  )
  if (fresh.length === 0) return { median: null, value: null, used: [], dropped: [] }
  const centre = median(fresh.map(({ value }) => value))
  const bound = plain(String(rules.maxDeviation))
  const used = fresh.filter(({ source, value }) => {
    const limit = rules.wasDropped.includes(source) ? multiply(bound, '0.5') : bound
    return fresh.length < 3 || !exceeds(value, centre, limit)
  })
  const dropped = fresh.filter((quote) => !used.includes(quote))
  const sorted = used.toSorted((a, b) => compare(a.value, b.value)).map(({ value }) => value)
  return {
    median: centre,
    value: used.length < rules.minSources ? null : median(sorted),
    used: used.map(({ source }) => source),
    dropped: dropped.map(({ source }) => source),
  }
}
