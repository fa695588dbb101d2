/** What the server counts of itself; read by `/metrics` only. */
export interface Counters {
  /** Requests answered, by status. */
  readonly answers: Map<number, number>
  /** What was turned away, by reason. */
  readonly refusals: Map<string, number>
  /** Operations begun over WebSocket. */
  operations: number
}

export const createCounters = (): Counters => ({ answers: new Map(), refusals: new Map(), operations: 0 })

export function countIn<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
