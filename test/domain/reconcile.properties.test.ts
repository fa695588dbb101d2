import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, compare, divide, multiply, subtract } from '../../src/domain/decimal.ts'
import { SOURCES, isVenue } from '../../src/domain/market.ts'
import type { Source } from '../../src/domain/market.ts'
import { reconcile } from '../../src/domain/reconcile.ts'
import type { Agreement, Claim, Policy } from '../../src/domain/reconcile.ts'
import { format } from '../../src/domain/scaled.ts'
import { TRUSTED, claim, plainReconcile, policy } from '../support/claims.ts'

const RUNS = { numRuns: 1_500 }
/** Prices around 100, now and then on a tenth so that ties and bounds are met; some far off. */
const near = fc.oneof(
  fc.integer({ min: 9_850, max: 10_150 }).map((units) => format({ units: BigInt(units), scale: 2 })),
  fc.integer({ min: 990, max: 1_010 }).map((units) => format({ units: BigInt(units), scale: 1 })),
  fc
    .bigInt({ min: 985n * 10n ** 17n, max: 1_015n * 10n ** 17n })
    .map((units) => format({ units, scale: 18 })),
)
const any = fc.oneof(
  { weight: 5, arbitrary: near },
  { weight: 1, arbitrary: fc.constantFrom('90', '110.5', '1', '250.00') },
)
const sourcesOf = (count: { min: number; max: number }) =>
  fc.shuffledSubarray([...SOURCES], { minLength: count.min, maxLength: count.max })
const heardOf = (value: fc.Arbitrary<string>, min: number, max: number) =>
  sourcesOf({ min, max }).chain((sources) =>
    fc
      .tuple(...sources.map(() => value))
      .map((values) => sources.map((source, index) => claim(source, values[index] ?? '100'))),
  )
const rules = fc.record({
  method: fc.constantFrom('TRIMMED_MEDIAN' as const, 'TRIMMED_MEAN' as const),
  isHot: fc.boolean(),
  minSources: fc.integer({ min: 1, max: 3 }),
  maxDeviation: fc.constantFrom(0.01, 0.15, 0.07),
  wasDropped: fc.subarray([...SOURCES]),
})
/** Part of the way from one value to another, exactly; past it beyond 100. */
const towards = (from: string, to: string, percent: number) =>
  add(from, multiply(subtract(to, from), format({ units: BigInt(percent), scale: 2 })))
const replaced = (heard: readonly Claim[], at: number, value: string) =>
  heard.map((one, index) => (index === at ? { ...one, value } : one))
const percent = fc.integer({ min: 0, max: 100 })

/** Are those used `before`, apart from `mover`, all used `after`? */
const staysUsed = (before: Agreement, after: Agreement, mover: Source) =>
  before.sources.every((source) => source === mover || after.sources.includes(source))
const valueOf = (answer: Agreement, source: Source) =>
  answer.reconciliation.used.find((quote) => quote.source === source)?.value ?? null
/** Exactly: is the ratio of `a` and `b` no wider than that of `c` and `b`? */
function isNoFurther(a: string, c: string, b: string): boolean {
  const [lowA, highA] = compare(a, b) < 0 ? [a, b] : [b, a]
  const [lowC, highC] = compare(c, b) < 0 ? [c, b] : [b, c]
  return compare(multiply(highA, lowC), multiply(highC, lowA)) <= 0
}

describe('reconciling, whatever is heard', () => {
  it('does not depend on the order the sources answer in', () => {
    fc.assert(
      fc.property(
        heardOf(any, 0, 6).chain((heard) =>
          fc.tuple(fc.constant(heard), fc.shuffledSubarray(heard, { minLength: heard.length })),
        ),
        rules,
        ([heard, shuffled], changed) => {
          expect(reconcile(shuffled, policy(changed))).toEqual(reconcile(heard, policy(changed)))
        },
      ),
      RUNS,
    )
  })

  it('scales with its inputs', () => {
    const factor = fc.constantFrom('10', '0.001', '7', '0.00000031', '123456.789')
    fc.assert(
      fc.property(heardOf(any, 1, 6), rules, factor, (heard, changed, by) => {
        const before = reconcile(heard, policy(changed))
        const scaled = heard.map((one) => ({ ...one, value: multiply(one.value ?? '0', by) }))
        const after = reconcile(scaled, policy(changed))
        expect(after.reconciliation.verdict).toBe(before.reconciliation.verdict)
        expect(Math.abs(after.confidence - before.confidence)).toBeLessThan(0.00015)
        if (before.value === null || after.value === null) {
          expect(after.value).toBe(before.value)
          return
        }
        const expected = multiply(before.value, by)
        // A mean of three may not end; a median always does.
        if (changed.method === 'TRIMMED_MEDIAN') expect(compare(after.value, expected)).toBe(0)
        else expect(Number(divide(after.value, expected, { digits: 20 }))).toBeCloseTo(1, 12)
      }),
      RUNS,
    )
  })

  it('has a value exactly when the verdict gives one, and evidence for every source', () => {
    fc.assert(
      fc.property(heardOf(any, 0, 6), rules, (heard, changed) => {
        const { value, reconciliation, sources, confidence: c } = reconcile(heard, policy(changed))
        expect(value !== null).toBe(['ACCEPTED', 'DEGRADED'].includes(reconciliation.verdict))
        expect(reconciliation.used.length + reconciliation.dropped.length).toBe(heard.length)
        expect(sources).toEqual(reconciliation.used.map((quote) => quote.source))
        expect(sources).toEqual(TRUSTED.filter((source) => sources.includes(source)))
        expect(c >= 0 && c <= 1).toBe(true)
        for (const quote of reconciliation.used) {
          if (reconciliation.verdict !== 'CONFLICT') {
            expect(quote.deviationPercent).toBeLessThanOrEqual(reconciliation.policy.maxDeviationPercent)
          }
        }
      }),
      RUNS,
    )
  })

  it('never throws and never says NaN, whatever arrives', () => {
    const junk = fc.oneof(
      fc.string(),
      fc.constantFrom('NaN', '-1', '0', '', '1e5', 'Infinity', '9'.repeat(99)),
      any,
    )
    const instant = fc.option(fc.oneof(fc.integer(), fc.double()))
    const anything = fc.array(
      fc.record({
        source: fc.constantFrom<Source>(...SOURCES),
        value: fc.option(junk),
        observedAt: instant,
        receivedAt: instant,
        conversion: fc.constant(null),
        failure: fc.option(fc.constantFrom('UNAVAILABLE' as const, 'NOT_LISTED' as const)),
      }),
      { maxLength: 8 },
    )
    const oddRules = fc.record({
      maxDeviation: fc.double(),
      minSources: fc.integer(),
      trimPercent: fc.double(),
      maxAgeMs: fc.double(),
      confidenceThreshold: fc.double(),
      method: fc.constantFrom('TRIMMED_MEDIAN' as const, 'TRIMMED_MEAN' as const),
    })
    fc.assert(
      fc.property(anything, oddRules, (heard, changed: Partial<Policy>) => {
        const { value, confidence: c, reconciliation } = reconcile(heard, policy(changed))
        expect(c >= 0 && c <= 1).toBe(true)
        expect(value !== null).toBe(['ACCEPTED', 'DEGRADED'].includes(reconciliation.verdict))
        const shown = [value, reconciliation.median, ...reconciliation.used.map((quote) => quote.value)]
        for (const text of shown) if (text !== null) expect(text).toMatch(/^\d+(\.\d+)?$/)
        for (const { deviationPercent } of reconciliation.used) expect(deviationPercent).not.toBeNaN()
      }),
      RUNS,
    )
  })

  it('decides as the same rules in big integers do', () => {
    fc.assert(
      fc.property(heardOf(any, 1, 6), fc.subarray([...SOURCES]), (heard, wasDropped) => {
        const changed = policy({ wasDropped, confidenceThreshold: 0 })
        const { value, reconciliation, sources } = reconcile(heard, changed)
        const expected = plainReconcile(heard, changed)
        expect(compare(reconciliation.median ?? '0', expected.median ?? '0')).toBe(0)
        expect([...sources].sort()).toEqual([...expected.used].sort())
        if (value !== null) expect(compare(value, expected.value ?? '0')).toBe(0)
      }),
      RUNS,
    )
  })
})

describe('confidence, whatever is heard', () => {
  it('never falls when a source joins that is used, if all used before still are', () => {
    fc.assert(
      fc.property(heardOf(near, 1, 6), rules, (heard, changed) => {
        const [joining, ...others] = heard
        const before = reconcile(others, policy(changed))
        const after = reconcile(heard, policy(changed))
        const { source } = joining as Claim
        fc.pre(after.sources.includes(source) && staysUsed(before, after, source))
        expect(after.confidence).toBeGreaterThanOrEqual(before.confidence)
      }),
      RUNS,
    )
  })

  it('never falls when the lowest or highest source moves towards all the rest, whoever is used or dropped', () => {
    fc.assert(
      fc.property(heardOf(any, 2, 6), rules, fc.boolean(), percent, (heard, changed, isLowest, part) => {
        const sorted = heard.toSorted((a, b) => compare(a.value ?? '0', b.value ?? '0'))
        const ordered = isLowest ? sorted : sorted.toReversed()
        const [outer, next] = ordered.map(({ value }) => value ?? '1')
        const closer = replaced(ordered, 0, towards(outer ?? '1', next ?? '1', part))
        const before = reconcile(ordered, policy(changed))
        const after = reconcile(closer, policy(changed))
        expect(after.confidence).toBeGreaterThanOrEqual(before.confidence)
      }),
      RUNS,
    )
  })

  it('never falls when a source moves no further from any used one, if these stay used and it is used after', () => {
    const part = fc.integer({ min: 0, max: 300 })
    fc.assert(
      fc.property(heardOf(any, 2, 6), rules, fc.nat(5), part, (heard, changed, target, share) => {
        const [mover, ...others] = heard
        const from = mover?.value ?? '1'
        const to = towards(from, others[target % others.length]?.value ?? '1', share)
        fc.pre(compare(to, '0') > 0)
        const before = reconcile(heard, policy(changed))
        const after = reconcile(replaced(heard, 0, to), policy(changed))
        const { source } = mover as Claim
        fc.pre(after.sources.includes(source) && staysUsed(before, after, source))
        const rest = before.sources.filter((other) => other !== source)
        fc.pre(rest.every((other) => isNoFurther(to, from, valueOf(before, other) ?? '1')))
        expect(after.confidence).toBeGreaterThanOrEqual(before.confidence)
      }),
      RUNS,
    )
  })

  it('is never more for an outlier dropped than had it said anything it is used for, if all used before still are', () => {
    fc.assert(
      fc.property(heardOf(any, 3, 6), rules, near, (heard, changed, value) => {
        const before = reconcile(heard, policy(changed))
        const outlier = before.reconciliation.dropped[0]
        fc.pre(outlier !== undefined)
        const at = heard.findIndex(({ source }) => source === outlier?.source)
        const after = reconcile(replaced(heard, at, value), policy(changed))
        const { source } = heard[at] as Claim
        fc.pre(after.sources.includes(source) && staysUsed(before, after, source))
        expect(after.confidence).toBeGreaterThanOrEqual(before.confidence)
      }),
      RUNS,
    )
  })

  it('is the same for one aggregator or two that say the same, once an exchange speaks with them', () => {
    fc.assert(
      fc.property(heardOf(near, 1, 4), near, (heard, value) => {
        const exchanges = heard.filter(({ source }) => isVenue(source)).map((one) => ({ ...one, value }))
        fc.pre(exchanges.length > 0)
        const one = [...exchanges, claim('COINGECKO', value)]
        const both = [...one, claim('COINPAPRIKA', value)]
        expect(reconcile(both, policy()).confidence).toBe(reconcile(one, policy()).confidence)
      }),
      RUNS,
    )
  })
})
