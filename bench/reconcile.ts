/**
 * One row: 1,000 symbols × 6 sources reconciled with full evidence, beside the same rules in big integers
 * throughout, and beside the least anyone could do: turning six texts into floats and sorting them.
 */
import { reconcile } from '../src/domain/reconcile.ts'
import type { Claim } from '../src/domain/reconcile.ts'
import { TRUSTED, claim, plainReconcile, policy } from '../test/support/claims.ts'

const SYMBOLS = 1_000
const ROUNDS = 40
const WARM_ROUNDS = 20

export interface ReconcileRow {
  /** Milliseconds for 1,000 symbols, medians of interleaved rounds. */
  readonly oursMs: number
  readonly plainMs: number
  readonly sortMs: number
}

export function measureReconcile(): ReconcileRow {
  const symbols = Array.from({ length: SYMBOLS }, (_, index) => heardOf(index))
  const rules = policy({ isHot: true })
  const ours: number[] = []
  const plain: number[] = []
  const sort: number[] = []
  for (let round = 0; round < ROUNDS + WARM_ROUNDS; round += 1) {
    const times = [
      timed(symbols, (heard) => reconcile(heard, rules).reconciliation.used.length),
      timed(symbols, (heard) => plainReconcile(heard, rules).used.length),
      timed(symbols, (heard) => heard.map(({ value }) => Number(value)).sort((a, b) => a - b)[3] ?? 0),
    ]
    if (round < WARM_ROUNDS) continue
    for (const [index, list] of [ours, plain, sort].entries()) list.push(times[index] ?? 0)
  }
  return { oursMs: middleOf(ours), plainMs: middleOf(plain), sortMs: middleOf(sort) }
}

export function reconcileRow(): string {
  const { oursMs, plainMs, sortMs } = measureReconcile()
  const ratio = (plainMs / oursMs).toFixed(1)
  return (
    `| reconcile 1,000 symbols × 6 sources with full evidence | ours ${oursMs.toFixed(2)} ms | ` +
    `big integers throughout, values only ${plainMs.toFixed(2)} ms (${ratio} ×) | sort six floats ${sortMs.toFixed(2)} ms |`
  )
}

/** Prices from a tenth of a cent up, each source with the digits it really sends; every tenth symbol has an outlier. */
function heardOf(index: number): readonly Claim[] {
  const base = 10 ** ((index % 80) / 10 - 3)
  return TRUSTED.map((source, rank) => {
    const price = base * (1 + (((index * 7 + rank * 13) % 21) - 10) / 10_000)
    const value = rank === 3 && index % 10 === 0 ? price * 1.05 : price
    const digits = source === 'COINPAPRIKA' ? 14 : Math.max(2, 5 - Math.floor(Math.log10(base)))
    return claim(source, value.toFixed(source === 'BINANCE' ? 8 : Math.min(digits, 14)))
  })
}

function timed(symbols: readonly (readonly Claim[])[], one: (heard: readonly Claim[]) => number): number {
  const start = performance.now()
  let kept = 0
  for (const heard of symbols) kept += one(heard)
  const elapsed = performance.now() - start
  if (kept < 0) throw new Error('unreachable: keeps the work from being optimised away')
  return elapsed
}

const middleOf = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN

if (import.meta.main) process.stdout.write(`${reconcileRow()}\n`)
