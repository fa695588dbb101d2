/**
 * Asks a source over HTTP. Hides connections, deadlines, the budget and the circuits (one per host the source
 * has); knows no source. Never throws: whatever happens is a `Reading`.
 */
import { Agent, errors, request as undiciRequest } from 'undici'
import type { Circuit, Quota } from '../domain/answer.ts'
import type { Clock } from '../domain/clock.ts'
import type { Source } from '../domain/market.ts'
import { createBudget } from './budget.ts'
import type { BudgetFacts, Priority } from './budget.ts'
import { createCircuit } from './circuit.ts'
import type { CircuitBreaker, CircuitOptions, Permit, Verdict } from './circuit.ts'
import { unreadable } from './request.ts'
import type { Failure, FailureReason, Reading, Request, RestHost, WireReply } from './request.ts'
import { retryAfterMs } from './retry-after.ts'

export interface TransportOptions {
  readonly source: Source
  readonly endpoints: { readonly rest_url: string; readonly futures_rest_url?: string }
  readonly clock: Clock
  readonly budget: BudgetFacts
  readonly circuit: CircuitOptions
  /** For the whole exchange, connecting to last byte. */
  readonly timeoutMs?: number
  readonly userAgent?: string
}

export interface SendOptions {
  readonly signal?: AbortSignal
  /** `user`: somebody waits. `background`: a refresh, which leaves a reserve of the budget to users. */
  readonly priority?: Priority
}

export interface TransportCounts {
  /** Sent to the source. */
  readonly requests: number
  readonly errors: number
  readonly byReason: Readonly<Partial<Record<FailureReason, number>>>
}

export interface Transport {
  send<T>(request: Request<T>, options?: SendOptions): Promise<Reading<T>>
  /** The worse of the source's circuits. */
  circuit(): Circuit
  quota(): Quota | null
  counts(): TransportCounts
  /** At least 1: multiply refresh intervals by this to stay within the budget. */
  stretch(): number
  close(): Promise<void>
}

const MAX_REPLY_BYTES = 32 * 1024 * 1024
const CONNECT_MS = 2000
/** How long a request may stand in line for the budget before it is refused here. */
const PATIENCE_MS: Readonly<Record<Priority, number>> = { user: 250, background: 5000 }
/** A ban names no end more often than a limit does: then stay away this long. */
const BAN_MS = 120_000
const SEVERITY: Readonly<Record<Circuit['state'], number>> = { CLOSED: 0, HALF_OPEN: 1, OPEN: 2 }

export function createTransport(options: TransportOptions): Transport {
  const {
    clock,
    timeoutMs = 5000,
    userAgent = 'cryptorun-facade (market data; one client per address)',
  } = options
  const budget = createBudget(options.budget, clock)
  const circuits = new Map<RestHost, CircuitBreaker>()
  const byReason: Partial<Record<FailureReason, number>> = {}
  let requests = 0
  let failed = 0
  const agent = new Agent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 30_000,
    pipelining: 1,
    connections: 8,
    maxResponseSize: MAX_REPLY_BYTES,
  })

  const circuitOf = (host: RestHost): CircuitBreaker => {
    const known = circuits.get(host)
    if (known !== undefined) return known
    const fresh = createCircuit(options.circuit, clock)
    circuits.set(host, fresh)
    return fresh
  }

  const counted = <T>(result: Reading<T>): Reading<T> => {
    if (!result.ok) {
      failed += 1
      byReason[result.failure.reason] = (byReason[result.failure.reason] ?? 0) + 1
    }
    return result
  }

  const afford = async (
    weight: number,
    { priority = 'user', signal }: SendOptions,
  ): Promise<Failure | null> => {
    const first = budget.spend(weight, priority)
    if (first === null) return null
    if (first.retryAfterMs <= PATIENCE_MS[priority]) {
      await pause(clock, first.retryAfterMs, signal)
      if (signal?.aborted !== true && budget.spend(weight, priority) === null) return null
    }
    return {
      reason: 'RATE_LIMITED',
      message: `${options.source}: our budget of ${options.budget.unitsPerMinute} a minute is spent`,
      retryAfterMs: Math.ceil(first.retryAfterMs),
    }
  }

  const exchange = async <T>(request: Request<T>, signal: AbortSignal): Promise<Reading<T>> => {
    const base = request.host === 'rest' ? options.endpoints.rest_url : options.endpoints.futures_rest_url
    const { statusCode, headers, body } = await undiciRequest(`${trimmed(base ?? '')}${request.path}`, {
      dispatcher: agent,
      headers: { accept: 'application/json', 'user-agent': userAgent, ...request.headers },
      signal,
    })
    const reply: WireReply = { status: statusCode, headers: flat(headers), body: await body.text() }
    budget.learn(reply.headers)
    return readReply(request, reply)
  }

  /** What no source is asked to interpret: limits, bans, breakdowns, redirects. The rest is the adapter's. */
  const readReply = <T>(request: Request<T>, reply: WireReply): Reading<T> => {
    const { status } = reply
    if (status === 429 || status === 418) {
      const wait = retryAfterMs(reply.headers, clock.now()) ?? (status === 418 ? BAN_MS : null)
      if (wait !== null) budget.block(wait)
      return unreadable('RATE_LIMITED', `${options.source} answered ${status}`, wait ?? undefined)
    }
    if (status >= 500 || (status >= 300 && status < 400)) {
      return unreadable('UNAVAILABLE', `${options.source} answered ${status}`)
    }
    const result = understood(request, reply)
    if (!result.ok && result.failure.reason === 'RATE_LIMITED' && result.failure.retryAfterMs !== undefined) {
      budget.block(result.failure.retryAfterMs)
    }
    return result
  }

  const attempt = async <T>(
    request: Request<T>,
    permit: Permit,
    signal?: AbortSignal,
  ): Promise<Reading<T>> => {
    const deadline = new AbortController()
    const cancel = clock.after(timeoutMs, () => deadline.abort())
    requests += 1
    try {
      const both = signal === undefined ? deadline.signal : AbortSignal.any([deadline.signal, signal])
      const result = await exchange(request, both)
      permit.settle(verdictOn(result))
      return result
    } catch (cause) {
      const isAbandoned = signal?.aborted === true
      permit.settle(isAbandoned ? 'abandoned' : 'failed')
      const why = isAbandoned
        ? 'nobody waits any more'
        : deadline.signal.aborted
          ? 'no answer in time'
          : reasonOf(cause)
      return unreadable('UNAVAILABLE', `${options.source}: ${why}`)
    } finally {
      cancel()
    }
  }

  return {
    async send(request, how = {}) {
      const permit = circuitOf(request.host).admit()
      if (!('settle' in permit)) {
        const message = `${options.source}: circuit is open`
        return counted(unreadable('CIRCUIT_OPEN', message, Math.ceil(permit.retryAfterMs)))
      }
      const refusal = await afford(request.weight, how)
      if (refusal !== null || how.signal?.aborted === true) {
        permit.settle('abandoned')
        const failure = refusal ?? { reason: 'UNAVAILABLE', message: 'nobody waits any more' }
        return counted({ ok: false, failure })
      }
      return counted(await attempt(request, permit, how.signal))
    },
    circuit: () =>
      [...circuits.values()].map((circuit) => circuit.view()).reduce(worse, circuitOf('rest').view()),
    quota: () => budget.quota(),
    counts: () => ({ requests, errors: failed, byReason: { ...byReason } }),
    stretch: () => budget.stretch(),
    close: () => agent.destroy(),
  }
}

function understood<T>(request: Request<T>, reply: WireReply): Reading<T> {
  try {
    return request.read(reply)
  } catch (cause) {
    return unreadable('MALFORMED', `reply was not understood: ${reasonOf(cause)}`)
  }
}

/** A source that answers "not listed" is in good health. */
const verdictOn = (result: Reading<unknown>): Verdict =>
  result.ok || result.failure.reason === 'NOT_LISTED' ? 'succeeded' : 'failed'

const worse = (a: Circuit, b: Circuit): Circuit =>
  SEVERITY[b.state] > SEVERITY[a.state] ||
  (a.state === b.state && b.consecutiveFailures > a.consecutiveFailures)
    ? b
    : a

const trimmed = (base: string): string => (base.endsWith('/') ? base.slice(0, -1) : base)

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const flattened: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flattened[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return flattened
}

function reasonOf(cause: unknown): string {
  if (cause instanceof errors.UndiciError) return cause.code
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return String(cause)
}

function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(ms, finish)
    signal?.addEventListener('abort', finish)
  })
}
