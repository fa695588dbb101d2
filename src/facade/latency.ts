/**
 * Durations in constant memory: a histogram with buckets 8 % wide, over the last five minutes in slices.
 * Percentiles are read to the width of a bucket; the mean and the count are exact.
 */
import type { LatencySummary } from '../domain/answer.ts'
import type { Clock } from '../domain/clock.ts'

export interface Latency {
  /** Negative durations (two machines' clocks disagree) count as zero. */
  note(ms: number): void
  summary(): LatencySummary
}

const SMALLEST_MS = 0.01
const GROWTH = Math.log(1.08)
/** 0.01 ms to beyond 100 s. */
const BUCKETS = 212
const SLICES = 5

interface Slice {
  index: number
  count: number
  sum: number
  readonly buckets: Uint32Array
}

export function createLatency(clock: Pick<Clock, 'monotonic'>, windowMs = 300_000): Latency {
  const sliceMs = windowMs / SLICES
  const slices = Array.from({ length: SLICES }, (): Slice => {
    return { index: -1, count: 0, sum: 0, buckets: new Uint32Array(BUCKETS) }
  })
  const now = () => Math.floor(clock.monotonic() / sliceMs)

  return {
    note(ms) {
      const index = now()
      const slice = slices[index % SLICES]
      if (slice === undefined) return
      if (slice.index !== index) empty(slice, index)
      const duration = ms > 0 ? ms : 0
      const bucket = bucketOf(duration)
      slice.count += 1
      slice.sum += duration
      slice.buckets[bucket] = (slice.buckets[bucket] ?? 0) + 1
    },
    summary() {
      const oldest = now() - SLICES + 1
      return summarise(slices.filter((slice) => slice.index >= oldest && slice.count > 0))
    },
  }
}

function empty(slice: Slice, index: number): void {
  slice.index = index
  slice.count = 0
  slice.sum = 0
  slice.buckets.fill(0)
}

function bucketOf(ms: number): number {
  if (ms <= SMALLEST_MS) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH))
}

function summarise(slices: readonly Slice[]): LatencySummary {
  let count = 0
  let sum = 0
  for (const slice of slices) {
    count += slice.count
    sum += slice.sum
  }
  if (count === 0) return { count: 0, meanMs: null, p50Ms: null, p99Ms: null }
  return {
    count,
    meanMs: sum / count,
    p50Ms: percentile(slices, count * 0.5),
    p99Ms: percentile(slices, count * 0.99),
  }
}

function percentile(slices: readonly Slice[], rank: number): number {
  let below = 0
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    for (const slice of slices) below += slice.buckets[bucket] ?? 0
    if (below >= rank) return SMALLEST_MS * Math.exp(bucket * GROWTH)
  }
  return SMALLEST_MS * Math.exp(BUCKETS * GROWTH)
}
