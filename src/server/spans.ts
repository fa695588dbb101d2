/**
 * Spans for an OpenTelemetry collector, in its JSON over HTTP. Hides ids, batches and the collector's absence:
 * what cannot be sent is dropped and counted, and nobody waits for it.
 *
 * Why: this is all we need of sixty megabytes of SDK.
 */
import { randomBytes } from 'node:crypto'
import { fetch } from 'undici'
import type { Clock } from '../domain/clock.ts'

type Facts = Readonly<Record<string, string | number | boolean>>

export interface Span {
  end(facts?: Facts, isFault?: boolean): void
}

export interface Tracer {
  /** `parent` is a `traceparent` header (W3C), where the asker sent one. */
  start(name: string, facts?: Facts, parent?: string): Span
  flush(): Promise<void>
  close(): Promise<void>
  readonly counts: { readonly sent: number; readonly dropped: number }
}

export interface TracerOptions {
  /** The collector's base URL. */
  readonly endpoint: string
  readonly service: string
  readonly clock: Clock
}

const SEND_EVERY_MS = 2_000
const MOST_HELD = 2_000
const GIVE_UP_AFTER_MS = 5_000
const SERVER_SPAN = 2

export function createTracer({ endpoint, service, clock }: TracerOptions): Tracer {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const counts = { sent: 0, dropped: 0 }
  let held: object[] = []
  let sending: Promise<void> = Promise.resolve()

  const send = async (spans: readonly object[]): Promise<void> => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(envelope(service, spans)),
        signal: AbortSignal.timeout(GIVE_UP_AFTER_MS),
      })
      await response.arrayBuffer()
      counts[response.ok ? 'sent' : 'dropped'] += spans.length
    } catch {
      counts.dropped += spans.length
    }
  }
  const flush = (): Promise<void> => {
    const spans = held
    held = []
    if (spans.length > 0) sending = sending.then(() => send(spans))
    return sending
  }
  const stop = clock.every(SEND_EVERY_MS, () => void flush())

  return {
    counts,
    flush,
    close() {
      stop()
      return flush()
    },
    start(name, facts = {}, parent) {
      const [, traceId = randomBytes(16).toString('hex'), parentSpanId = ''] =
        TRACEPARENT.exec(parent ?? '') ?? []
      const spanId = randomBytes(8).toString('hex')
      const startedAt = clock.now()
      const began = clock.monotonic()
      return {
        end(more = {}, isFault = false) {
          if (held.length >= MOST_HELD) return void counts.dropped++
          held.push({
            traceId,
            spanId,
            ...(parentSpanId === '' ? {} : { parentSpanId }),
            name,
            kind: SERVER_SPAN,
            startTimeUnixNano: nanoseconds(startedAt),
            endTimeUnixNano: nanoseconds(startedAt + clock.monotonic() - began),
            attributes: attributes({ ...facts, ...more }),
            status: isFault ? { code: 2 } : {},
          })
        },
      }
    },
  }
}

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}/

const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n)

function attributes(facts: Facts): readonly object[] {
  return Object.entries(facts).map(([key, value]) => ({
    key,
    value:
      typeof value === 'number'
        ? { doubleValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : { stringValue: value },
  }))
}

const envelope = (service: string, spans: readonly object[]): object => ({
  resourceSpans: [
    {
      resource: { attributes: attributes({ 'service.name': service }) },
      scopeSpans: [{ scope: { name: 'cryptorun-facade' }, spans }],
    },
  ],
})
