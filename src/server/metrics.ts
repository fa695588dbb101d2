/** `/metrics` for Prometheus. Everything is read when it is asked for; nothing is counted twice. */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { SourceHealth } from '../domain/answer.ts'
import type { Facade } from '../facade/facade.ts'
import type { Counters } from './counters.ts'
import type { Lag } from './lag.ts'

/** What the transports count, source by source. */
export type SourceCounts = Readonly<
  Record<
    string,
    {
      readonly requests: number
      readonly errors: number
      readonly byReason: Readonly<Record<string, number>>
    }
  >
>

/** What the fan-out shows of itself. */
export interface Delivery {
  readonly counts: Readonly<{
    executions: number
    deliveries: number
    conflations: number
    drops: number
    slowConsumers: number
  }>
  topics(): number
  readers(): number
  queuedBytes(): number
}

export interface MetricsParts {
  readonly facade: Facade
  readonly counters: Counters
  readonly lag: Lag
  readonly sockets: () => number
  readonly delivery?: Delivery | null
  readonly sources?: () => SourceCounts
  readonly spans?: { readonly sent: number; readonly dropped: number } | null
}

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
}

type Row = readonly [labels: Readonly<Record<string, string | number>>, value: number]

export function createMetrics(parts: MetricsParts): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'facade_' })
  // Gauges by the name of counters; the same numbers stand beside them by kind.
  for (const kind of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`facade_nodejs_active_${kind}_total`)
  const { facade, counters, lag, delivery = null, spans = null } = parts
  const table = (
    name: string,
    help: string,
    labelNames: readonly string[],
    rows: () => readonly Row[],
  ): void => {
    const options = { name: `facade_${name}`, help, labelNames: [...labelNames], registers: [registry] }
    if (name.endsWith('_total')) {
      const counter: Counter = new Counter({
        ...options,
        collect() {
          counter.reset()
          for (const [labels, value] of rows()) counter.inc({ ...labels }, value)
        },
      })
      return
    }
    const gauge: Gauge = new Gauge({
      ...options,
      collect() {
        gauge.reset()
        for (const [labels, value] of rows()) gauge.set({ ...labels }, value)
      },
    })
  }
  const single = (name: string, help: string, read: () => number): void =>
    table(name, help, [], () => [[{}, read()]])

  aboutSources(table, facade, parts.sources ?? (() => ({})))
  aboutCache(table, single, facade)
  single('sockets', 'Open WebSockets.', parts.sockets)
  single('operations_total', 'Operations begun over WebSocket.', () => counters.operations)
  table('http_answers_total', 'Requests answered, by status.', ['status'], () =>
    [...counters.answers].map(([status, count]) => [{ status }, count]),
  )
  table('refusals_total', 'What was turned away, by reason.', ['reason'], () =>
    [...counters.refusals].map(([reason, count]) => [{ reason }, count]),
  )
  single('event_loop_late_seconds', 'How late the event loop is now.', () => lag.now() / 1000)
  if (delivery !== null) aboutDelivery(single, delivery)
  if (spans !== null) {
    single('spans_sent_total', 'Spans the collector took.', () => spans.sent)
    single('spans_dropped_total', 'Spans nobody took.', () => spans.dropped)
  }
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

type Table = (name: string, help: string, labels: readonly string[], rows: () => readonly Row[]) => void
type Single = (name: string, help: string, read: () => number) => void

function aboutSources(table: Table, facade: Facade, counts: () => SourceCounts): void {
  const each = (
    name: string,
    help: string,
    read: (health: SourceHealth) => number | null | undefined,
  ): void =>
    table(name, help, ['source'], () =>
      facade.health().sources.flatMap((health): Row[] => {
        const value = read(health)
        return value === null || value === undefined ? [] : [[{ source: health.source }, value]]
      }),
    )
  const STATUS = { OK: 1, DEGRADED: 0.5, DOWN: 0 }
  const CIRCUIT = { CLOSED: 0, HALF_OPEN: 0.5, OPEN: 1 }
  const seconds = (ms: number | null | undefined) => (ms === null || ms === undefined ? null : ms / 1000)
  each('source_up', '1 well, 0.5 degraded, 0 down.', ({ status }) => STATUS[status])
  each('source_circuit_open', '0 closed, 0.5 on trial, 1 open.', ({ circuit }) => CIRCUIT[circuit.state])
  each(
    'source_failures_in_a_row',
    'Requests that failed since the last good one.',
    ({ circuit }) => circuit.consecutiveFailures,
  )
  each('source_quota_remaining', "Requests left in the source's budget.", ({ quota }) => quota?.remaining)
  each('stream_connected', '1 while the stream is.', ({ stream }) => stream && Number(stream.isConnected))
  each('stream_messages_total', 'Messages received.', ({ stream }) => stream?.messagesTotal)
  each('stream_reconnects_total', 'Connections made anew.', ({ stream }) => stream?.reconnectsTotal)
  each(
    'stream_gaps_total',
    'Holes seen in sequences; each book is resynchronised.',
    ({ stream }) => stream?.gapsTotal,
  )
  each('stream_malformed_total', 'Messages that made no sense.', ({ stream }) => stream?.malformedTotal)
  each('stream_venue_lag_seconds', "Median, the venue's stamp to ours.", ({ stream }) =>
    seconds(stream?.venueLatency.p50Ms),
  )
  each('stream_served_lag_seconds', 'p99, our receipt to the socket.', ({ stream }) =>
    seconds(stream?.servedLatency.p99Ms),
  )
  table('source_requests_total', 'Requests sent.', ['source'], () =>
    Object.entries(counts()).map(([source, { requests }]) => [{ source }, requests]),
  )
  table('source_errors_total', 'Requests that failed, by reason.', ['source', 'reason'], () =>
    Object.entries(counts()).flatMap(([source, { byReason }]) =>
      Object.entries(byReason).map(([reason, count]): Row => [{ source, reason }, count]),
    ),
  )
}

function aboutCache(table: Table, single: Single, facade: Facade): void {
  const byClass = (
    name: string,
    help: string,
    read: (row: { hitsTotal: number; missesTotal: number }) => number,
  ) =>
    table(name, help, ['class'], () =>
      facade.health().cache.classes.map((row): Row => [{ class: row.name }, read(row)]),
    )
  byClass('cache_hits_total', 'Reads answered from the cache.', ({ hitsTotal }) => hitsTotal)
  byClass('cache_misses_total', 'Reads that were not.', ({ missesTotal }) => missesTotal)
  single('cache_connected', '1 while the store is.', () => Number(facade.health().cache.isConnected))
  single('cache_used_bytes', 'What the store holds.', () => facade.health().cache.usedBytes ?? 0)
  single('snapshots_written_total', 'Records written.', () => facade.health().snapshots.writtenTotal)
  single(
    'reconciliation_p99_seconds',
    'Last five minutes.',
    () => (facade.health().reconciliation.p99Ms ?? 0) / 1000,
  )
}

function aboutDelivery(single: Single, delivery: Delivery): void {
  const { counts } = delivery
  single('subscriptions', 'Readers of shared topics.', () => delivery.readers())
  single('topics', 'Distinct subscriptions.', () => delivery.topics())
  single('queued_bytes', 'Held for sockets that do not take it yet.', () => delivery.queuedBytes())
  single('executions_total', 'Events executed.', () => counts.executions)
  single('deliveries_total', 'Events delivered.', () => counts.deliveries)
  single(
    'conflations_total',
    'Events replaced by newer ones before they were sent.',
    () => counts.conflations,
  )
  single('drops_total', 'Events a reader did not get.', () => counts.drops)
  single('slow_consumers_total', 'Readers let go.', () => counts.slowConsumers)
}
