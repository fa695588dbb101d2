/** What one venue's stream has done so far, and how fast. */
import type { StreamHealth } from '../../domain/answer.ts'
import type { Instant } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import { createLatency } from '../latency.ts'
import type { Latency } from '../latency.ts'

export interface StreamCounts {
  messages: number
  gaps: number
  malformed: number
  refusals: number
  reconnects: number
  resubscriptions: number
  lastMessageAt: Instant | null
  readonly venueLatency: Latency
  readonly servedLatency: Latency
  /** Call once a second or oftener; the rate is over the last seconds. */
  look(): void
  health(isConnected: boolean): StreamHealth
}

const RATE_SECONDS = 5

export function createStreamCounts(clock: Clock): StreamCounts {
  const marks: { readonly at: number; readonly messages: number }[] = [{ at: clock.monotonic(), messages: 0 }]
  const counts: StreamCounts = {
    messages: 0,
    gaps: 0,
    malformed: 0,
    refusals: 0,
    reconnects: 0,
    resubscriptions: 0,
    lastMessageAt: null,
    venueLatency: createLatency(clock),
    servedLatency: createLatency(clock),
    look() {
      const at = clock.monotonic()
      if (at - (marks.at(-1)?.at ?? 0) < 1_000) return
      marks.push({ at, messages: counts.messages })
      if (marks.length > RATE_SECONDS) marks.shift()
    },
    health: (isConnected) => ({
      isConnected,
      messagesTotal: counts.messages,
      messagesPerSecond: rate(),
      venueLatency: counts.venueLatency.summary(),
      servedLatency: counts.servedLatency.summary(),
      lastMessageAt: counts.lastMessageAt,
      reconnectsTotal: counts.reconnects,
      gapsTotal: counts.gaps,
      malformedTotal: counts.malformed,
    }),
  }
  const rate = (): number => {
    const first = marks[0]
    if (first === undefined) return 0
    const seconds = (clock.monotonic() - first.at) / 1_000
    return seconds <= 0 ? 0 : Math.round(((counts.messages - first.messages) / seconds) * 10) / 10
  }
  return counts
}
