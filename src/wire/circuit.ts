/**
 * When to stop asking. Hides the three states of a circuit and who may pass in each: everyone while closed,
 * nobody while open, and exactly so many trials while half open. What counts as a failure is the caller's.
 */
import type { Circuit as CircuitHealth } from '../domain/answer.ts'
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'

export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failureThreshold: number
  readonly recoveryTimeoutMs: number
  /** Trials, all of which must succeed. */
  readonly halfOpenRequests: number
}

type State =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly failures: number; readonly until: number; readonly retryAt: Instant }
  | {
      readonly kind: 'halfOpen'
      readonly failures: number
      readonly admitted: number
      readonly succeeded: number
    }

export type Verdict = 'succeeded' | 'failed' | 'abandoned'

/** Leave to ask once. Its verdict counts only while the circuit is still in the period it was given in. */
export interface Permit {
  readonly settle: (verdict: Verdict) => void
}

export interface CircuitBreaker {
  /** A permit, or how long nobody gets one. */
  admit(): Permit | { readonly retryAfterMs: number }
  view(): CircuitHealth
}

export function createCircuit(options: CircuitOptions, clock: Clock): CircuitBreaker {
  const { failureThreshold, recoveryTimeoutMs, halfOpenRequests } = options
  let state: State = { kind: 'closed', failures: 0 }
  let period = 0

  const enter = (next: State): void => {
    if (next.kind !== state.kind) period += 1
    state = next
  }

  const open = (failures: number): void =>
    enter({
      kind: 'open',
      failures,
      until: clock.monotonic() + recoveryTimeoutMs,
      retryAt: clock.now() + recoveryTimeoutMs,
    })

  /** Time alone moves an open circuit to half open. */
  const settled = (): State => {
    if (state.kind === 'open' && clock.monotonic() >= state.until) {
      enter({ kind: 'halfOpen', failures: state.failures, admitted: 0, succeeded: 0 })
    }
    return state
  }

  const close = (verdict: Verdict): void => {
    if (state.kind === 'open' || verdict === 'abandoned') return abandon(verdict)
    const failures = verdict === 'failed' ? state.failures + 1 : 0
    if (state.kind === 'closed') {
      if (failures >= failureThreshold) open(failures)
      else enter({ kind: 'closed', failures })
    } else if (verdict === 'failed') open(failures)
    else if (state.succeeded + 1 >= halfOpenRequests) enter({ kind: 'closed', failures: 0 })
    else enter({ ...state, succeeded: state.succeeded + 1 })
  }

  /** A trial nobody waited for decides nothing: its place is free again. */
  const abandon = (verdict: Verdict): void => {
    if (verdict === 'abandoned' && state.kind === 'halfOpen') {
      enter({ ...state, admitted: state.admitted - 1 })
    }
  }

  const permit = (): Permit => {
    const given = period
    let isSettled = false
    return {
      settle(verdict) {
        if (isSettled || given !== period) return
        isSettled = true
        close(verdict)
      },
    }
  }

  return {
    admit() {
      const now = settled()
      if (now.kind === 'closed') return permit()
      if (now.kind === 'open') return { retryAfterMs: now.until - clock.monotonic() }
      if (now.admitted >= halfOpenRequests) return { retryAfterMs: 1000 }
      enter({ ...now, admitted: now.admitted + 1 })
      return permit()
    },
    view() {
      const now = settled()
      return {
        state: now.kind === 'closed' ? 'CLOSED' : now.kind === 'open' ? 'OPEN' : 'HALF_OPEN',
        consecutiveFailures: now.failures,
        retryAt: now.kind === 'open' ? now.retryAt : null,
      }
    },
  }
}
