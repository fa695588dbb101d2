/**
 * Whether the remote store is asked at all. Hides how it is judged out of reach, how it is found again, and
 * how many questions may be open at once, so that a store that hangs costs its callers a bounded wait and
 * then none.
 */
import type { Clock } from '../domain/clock.ts'

export interface StoreLogger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
}

export interface GateOptions {
  readonly clock: Clock
  readonly logger: StoreLogger
  /** Commands unanswered in time, in a row, that put the store out of reach. */
  readonly patience: number
  /** Resolves when the store answers a ping. */
  readonly probe: () => Promise<unknown>
  /** The link has answered no probe for a while although it looks open: get a new one. */
  readonly renew: () => void
  readonly onReached: () => void
}

export type Passed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false }

export interface Gate {
  /** Runs the command, or says at once that it was not run or not answered. Never throws. */
  pass<T>(command: () => Promise<T>, kind?: 'read' | 'write'): Promise<Passed<T>>
  isOpen(): boolean
  /** Why it is shut, or what the store refuses although it is open. */
  reason(): string | null
  pending(): number
  /** A connection said something: it is ready to be probed, or it failed. */
  noteReady(): void
  noteFailure(cause: unknown): void
  close(): void
}

export const MAX_PENDING = 100
const NOT_PASSED = { ok: false } as const
const PROBE_EVERY_MS = 500
const RENEW_AFTER_PROBES = 6

/** Replies that say the whole store is of no use now. */
const OUT = /^(LOADING|NOAUTH|WRONGPASS|NOPERM|MASTERDOWN|CLUSTERDOWN)\b/
/** Replies that say it takes no writes now; reads go on. */
const REFUSING = /^(READONLY|OOM|MISCONF|NOREPLICAS)\b/

export function createGate(options: GateOptions): Gate {
  const { clock, logger, patience } = options
  let isOpen = false
  let isProbing = false
  let isClosed = false
  let reason: string | null = 'CONNECTING'
  let refusing: string | null = null
  let pending = 0
  let missed = 0
  let failedProbes = 0
  /** Those who wait for an answer; none will come while it is shut. */
  const waiting = new Set<() => void>()

  const shut = (why: string): void => {
    if (isOpen) logger.warn({ reason: why }, 'store out of reach; answering from memory')
    isOpen = false
    reason = why
    for (const giveUp of waiting) giveUp()
    waiting.clear()
  }

  const reach = (): void => {
    missed = 0
    failedProbes = 0
    reason = null
    if (isOpen || isClosed) return
    isOpen = true
    logger.info({}, 'store within reach')
    options.onReached()
  }

  const probe = async (): Promise<void> => {
    if (isOpen || isProbing || isClosed) return
    isProbing = true
    try {
      await options.probe()
      reach()
    } catch (cause) {
      shut(labelOf(cause))
      failedProbes += 1
      if (failedProbes % RENEW_AFTER_PROBES === 0) options.renew()
    } finally {
      isProbing = false
    }
  }

  const judge = (cause: unknown): void => {
    const label = labelOf(cause)
    if (REFUSING.test(label)) {
      if (refusing === null) logger.warn({ reason: label }, 'store refuses writes')
      refusing = label
    } else if (label === 'TIMEOUT') {
      missed += 1
      if (missed >= patience) shut(label)
    } else shut(label)
  }

  const run = async <T>(command: () => Promise<T>, kind: 'read' | 'write'): Promise<Passed<T>> => {
    try {
      const value = await command()
      missed = 0
      if (kind === 'write') refusing = null
      return { ok: true, value }
    } catch (cause) {
      if (isOpen) judge(cause)
      return NOT_PASSED
    }
  }

  const stopProbing = clock.every(PROBE_EVERY_MS, () => void probe())

  return {
    pass(command, kind = 'read') {
      if (!isOpen || pending >= MAX_PENDING) return Promise.resolve(NOT_PASSED)
      pending += 1
      return new Promise((resolve) => {
        const giveUp = (): void => resolve(NOT_PASSED)
        waiting.add(giveUp)
        void run(command, kind).then((passed) => {
          pending -= 1
          waiting.delete(giveUp)
          resolve(passed)
        })
      })
    },
    isOpen: () => isOpen,
    reason: () => reason ?? refusing,
    pending: () => pending,
    noteReady() {
      refusing = null
      void probe()
    },
    noteFailure(cause) {
      if (!isOpen) reason = labelOf(cause)
    },
    close() {
      isClosed = true
      isOpen = false
      reason = 'CLOSED'
      stopProbing()
    },
  }
}

/** One word where the store gave one, else what went wrong with the connection. */
function labelOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (message.includes('timed out') || message.includes('ETIMEDOUT')) return 'TIMEOUT'
  const word = OUT.exec(message)?.[1] ?? REFUSING.exec(message)?.[1]
  if (word !== undefined) return word
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : ''
  return `CONNECTION${code}`
}
