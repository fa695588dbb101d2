/**
 * How far colluding sources can move the answer, and how often a source at the bound flaps: the reconciliation
 * beside the averages one might use instead. Seeded, so that it prints the same table every time.
 */
import type { Source } from '../src/domain/market.ts'
import { reconcile } from '../src/domain/reconcile.ts'
import type { Policy } from '../src/domain/reconcile.ts'
import { TRUSTED, claim, policy } from '../test/support/claims.ts'

/** At a price of 10,000 one basis point is exactly one. */
const TRUTH = 10_000
const HONEST_BPS = 6
const WORST_OFFSET_BPS = 2_000
/** A wash trader prints ten times the volume of an honest venue. */
const WASH_VOLUME = 10
const HOUR_SECONDS = 3_600

export const robustness = (): string =>
  [
    `Worst bias in basis points, over every common offset of the attackers up to ${WORST_OFFSET_BPS} bps; honest sources evenly`,
    `within ±${HONEST_BPS} bps. *Random*: ours again, worst of 200 random honest draws. VWAP: attackers claim ${WASH_VOLUME} × the volume.`,
    '',
    '| sources | colluding | attack | ours | ours, random | plain median | trimmed mean | mean | VWAP |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows(),
    '',
    `Inclusion flips in an hour, once a second, of a source that wanders around the bound of 1 %:`,
    '',
    '| re-entry | flips |',
    '|---|---|',
    `| at the bound itself (no memory) | ${flips(false)} |`,
    `| at half the bound (ours) | ${flips(true)} |`,
  ].join('\n')

function rows(): readonly string[] {
  const table: string[] = []
  for (const count of [3, 5, 7]) {
    for (let colluding = 1; colluding * 2 < count; colluding += 1) {
      for (const attack of colluding === 1 ? (['one-sided'] as const) : (['one-sided', 'split'] as const)) {
        table.push(row(count, colluding, attack))
      }
    }
  }
  return table
}

type Attack = 'one-sided' | 'split'
type Estimate = (offsets: readonly number[], colluding: number) => number

function row(count: number, colluding: number, attack: Attack): string {
  const even = spread(count - colluding)
  const worst = (estimate: Estimate, honest = even) => {
    let most = 0
    for (let offset = 0; offset <= WORST_OFFSET_BPS; offset += 1) {
      const attackers = Array.from({ length: colluding }, (_, index) =>
        attack === 'split' && index % 2 === 1 ? -offset : offset,
      )
      most = Math.max(most, Math.abs(estimate([...attackers, ...honest], colluding)))
    }
    return most
  }
  const random = randomFrom(count * 10 + colluding)
  const draws = Array.from({ length: 200 }, () =>
    worst(
      ours,
      even.map(() => Math.round((random() * 2 - 1) * HONEST_BPS * 100) / 100),
    ),
  )
  const estimates = [ours, plainMedian, trimmedMean, mean, vwap]
  const [first, ...others] = estimates.map((estimate) => worst(estimate).toFixed(1))
  const cells = [count, colluding, attack, first, Math.max(...draws).toFixed(1), ...others]
  return `| ${cells.join(' | ')} |`
}

/** We have six; a seventh is only imagined here. */
const SEVEN = [...TRUSTED, 'A SEVENTH' as Source]
const rules: Policy = policy({ confidenceThreshold: 0, minSources: 1, order: SEVEN })

/** The answer as given, were the gate of confidence open: with it shut, some of these are refused instead. */
const ours: Estimate = (offsets) => {
  const heard = SEVEN.slice(0, offsets.length).map((source, index) =>
    claim(source, (TRUTH + (offsets[index] ?? 0)).toFixed(2)),
  )
  const { value } = reconcile(heard, rules)
  return value === null ? 0 : Number(value) - TRUTH
}

const plainMedian: Estimate = (offsets) => {
  const sorted = offsets.toSorted((a, b) => a - b)
  return ((sorted[sorted.length >> 1] ?? 0) + (sorted[(sorted.length - 1) >> 1] ?? 0)) / 2
}

const mean: Estimate = (offsets) => offsets.reduce((total, offset) => total + offset, 0) / offsets.length

const trimmedMean: Estimate = (offsets, colluding) =>
  mean(offsets.toSorted((a, b) => a - b).slice(1, -1), colluding)

const vwap: Estimate = (offsets, colluding) => {
  const weights = offsets.map((_, index) => (index < colluding ? WASH_VOLUME : 1))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return offsets.reduce((sum, offset, index) => sum + (offset * (weights[index] ?? 0)) / total, 0)
}

const spread = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => -HONEST_BPS + (2 * HONEST_BPS * index) / Math.max(1, count - 1))

function flips(hasMemory: boolean): number {
  const random = randomFrom(7)
  let wasDropped: readonly Source[] = []
  let drift = 0
  let count = 0
  for (let second = 0; second < HOUR_SECONDS; second += 1) {
    drift = drift * 0.9 + (random() * 2 - 1) * 4
    const heard = [
      claim('COINBASE', '10000'),
      claim('KRAKEN', '10000'),
      claim('OKX', (TRUTH + 100 + drift).toFixed(2)),
    ]
    const { reconciliation } = reconcile(heard, { ...rules, wasDropped: hasMemory ? wasDropped : [] })
    const dropped = reconciliation.dropped.map(({ source }) => source)
    if (dropped.length !== wasDropped.length) count += 1
    wasDropped = dropped
  }
  return count
}

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x80000000
  }
}

if (import.meta.main) process.stdout.write(`${robustness()}\n`)
