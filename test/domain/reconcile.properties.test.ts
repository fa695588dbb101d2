import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, compare, divide, median, multiply, subtract } from '../../src/domain/decimal.ts'
import { SOURCES } from '../../src/domain/market.ts'
import type { Source } from '../../src/domain/market.ts'
import { reconcile } from '../../src/domain/reconcile.ts'
import type { Claim, Policy } from '../../src/domain/reconcile.ts'
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
const confidence = (heard: readonly Claim[]) => reconcile(heard, policy()).confidence
const valuesOf = (heard: readonly Claim[]) => heard.map(({ value }) => value ?? '0')
/** Part of the way from one value to another, exactly. */
const towards = (from: string, to: string, percent: number) =>
  add(from, multiply(subtract(to, from), format({ units: BigInt(percent), scale: 2 })))
const replaced = (heard: readonly Claim[], at: number, value: string) =>
  heard.map((one, index) => (index === at ? { ...one, value } : one))
const percent = fc.integer({ min: 0, max: 100 })
/** Offset from a centre, in hundred-thousandths of it. */
const offset = (centre: string, share: number) =>
  add(centre, multiply(centre, format({ units: BigInt(share), scale: 5 })))

/** Shares of the centre, in hundred-thousandths: within a third and a sixth of the bound of 1 %. */
const agreeing = fc.integer({ min: -333, max: 333 })
const agreeingWell = fc.integer({ min: -166, max: 166 })
const isAggregator = ({ source }: Claim) => source === 'COINGECKO' || source === 'COINPAPRIKA'
/** The second aggregator: it shares the first one's vote. */
const isEcho = (one: Claim, others: readonly Claim[]) =>
  isAggregator(one) && others.some((other) => other.source !== one.source && isAggregator(other))
const independent = (min: number) =>
  heardOf(any, min, 5).filter((heard) => heard.filter(isAggregator).length < 2)

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
  it('never falls when an outlying source moves closer to the rest', () => {
    fc.assert(
      fc.property(heardOf(any, 2, 6), fc.boolean(), percent, (heard, isLowest, part) => {
        const sorted = heard.toSorted((a, b) => compare(a.value ?? '0', b.value ?? '0'))
        const ordered = isLowest ? sorted : sorted.toReversed()
        const [outer, next] = valuesOf(ordered)
        const closer = replaced(ordered, 0, towards(outer ?? '1', next ?? '1', part))
        expect(confidence(closer)).toBeGreaterThanOrEqual(confidence(ordered))
      }),
      RUNS,
    )
  })

  it('never falls when any independent source moves closer to the median', () => {
    fc.assert(
      fc.property(independent(2), fc.nat(4), percent, (heard, pick, part) => {
        const at = pick % heard.length
        const moved = towards(heard[at]?.value ?? '1', median(valuesOf(heard)), part)
        expect(confidence(replaced(heard, at, moved))).toBeGreaterThanOrEqual(confidence(heard))
      }),
      RUNS,
    )
  })

  it('never falls when a source joins that agrees, within a third of the bound of the median', () => {
    fc.assert(
      fc.property(heardOf(any, 2, 6), agreeing, (heard, share) => {
        const [joining, ...before] = heard
        fc.pre(joining !== undefined && !isEcho(joining, before))
        const source = joining?.source ?? 'OKX'
        const after = [...before, claim(source, offset(median(valuesOf(before)), share))]
        expect(confidence(after)).toBeGreaterThanOrEqual(confidence(before))
      }),
      RUNS,
    )
  })

  it('never falls when the second aggregator joins at the median', () => {
    fc.assert(
      fc.property(heardOf(any, 2, 5), (heard) => {
        const before = heard.filter(({ source }) => source !== 'COINPAPRIKA')
        fc.pre(before.length > 0)
        const after = [...before, claim('COINPAPRIKA', median(valuesOf(before)))]
        expect(confidence(after)).toBeGreaterThanOrEqual(confidence(before))
      }),
      RUNS,
    )
  })

  it('is never more for an outlier dropped than had that source agreed, within a sixth of the bound', () => {
    fc.assert(
      fc.property(heardOf(any, 3, 6), fc.nat(5), agreeingWell, (heard, pick, share) => {
        const { dropped, median: centre } = reconcile(heard, policy()).reconciliation
        const outlier = dropped[pick % Math.max(1, dropped.length)]
        const at = heard.findIndex(({ source }) => source === outlier?.source)
        const one = heard[at]
        fc.pre(one !== undefined && centre !== null && !isEcho(one, heard))
        const agreed = replaced(heard, at, offset(centre ?? '1', share))
        expect(confidence(agreed)).toBeGreaterThanOrEqual(confidence(heard))
      }),
      RUNS,
    )
  })
})
