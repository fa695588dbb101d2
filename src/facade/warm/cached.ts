/**
 * Reading through the store: one round trip for everything asked, then each missing value fetched once,
 * whoever waits for it, in this process (a shared flight) and beside it (a lease at the store). A failure
 * reaches everyone who waited and is forgotten within a second; a value past its time stands in for it. What
 * nobody waits for any more is given up.
 */
import type { CacheStatus } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import type { Entry, Store } from '../../store/store.ts'
import { reading, unreadable } from '../../wire/request.ts'
import type { Failure, Reading } from '../../wire/request.ts'
import { takeOff } from './flight.ts'
import type { Flight } from './flight.ts'

export interface Want<T> {
  readonly key: string
  readonly ttlMs: number | ((value: T) => number)
  /** How long past its time the value may stand in for a failed source; 0 for never. */
  readonly staleMs: number
  /** After so long whoever waits is given a value past its time, where there is one; the fetch goes on. */
  readonly softMs?: number
  /** `signal` is aborted when nobody waits for it any more. */
  readonly fetch: (signal: AbortSignal) => Promise<Reading<T>>
  /** Overrides the entry's own time, e.g. where only a part of it is of interest. */
  readonly isUsable?: (entry: Entry<T>, now: number) => boolean
}

export type Got<T> =
  | {
      readonly ok: true
      readonly entry: Entry<T>
      readonly status: CacheStatus
      readonly failure: Failure | null
    }
  | { readonly ok: false; readonly failure: Failure }

/** What one process makes for all, and how the others find it once it is there. */
export interface Leased<T> {
  readonly key: string
  readonly look: () => Promise<T | null>
  readonly make: (signal: AbortSignal) => Promise<Reading<T>>
}

export interface Cached {
  /** `signal` says that the asker has left; others who wait for the same still get it. */
  read<T>(wants: readonly Want<T>[], signal?: AbortSignal): Promise<readonly Got<T>[]>
  /** One making for all who ask for it while it lasts, here and in other processes on this store. */
  leased<T>(what: Leased<T>, signal?: AbortSignal): Promise<Reading<T>>
  /** One run for all who ask for `key` while it lasts; its failure answers the rest of the second. */
  once<T>(
    key: string,
    run: (signal: AbortSignal) => Promise<Reading<T>>,
    signal?: AbortSignal,
  ): Promise<Reading<T>>
}

/** Longer than any transport's timeout: a holder that lives always releases before. */
const LEASE_MS = 15_000
const POLL_EVERY_MS = 40
const POLLS = 75
const FAILURE_KEPT_MS = 750
const FAILURES_KEPT = 1_000

export function createCached({ store, clock }: { readonly store: Store; readonly clock: Clock }): Cached {
  const flights = new Map<string, Flight<Reading<unknown>>>()
  const failures = new Map<string, { readonly answer: Reading<never>; readonly until: number }>()

  const once: Cached['once'] = <T>(
    key: string,
    run: (signal: AbortSignal) => Promise<Reading<T>>,
    asker?: AbortSignal,
  ): Promise<Reading<T>> => {
    const flying = flights.get(key)
    if (flying !== undefined) return flying.join(asker) as Promise<Reading<T>>
    const failed = failures.get(key)
    if (failed !== undefined && clock.monotonic() < failed.until) return Promise.resolve(failed.answer)
    const work = async (signal: AbortSignal): Promise<Reading<T>> => {
      // Whatever breaks in the making is a failure of this answer, never of the process.
      const answer = await run(signal).catch((cause: unknown) => unreadable('UNAVAILABLE', String(cause)))
      if (answer.ok) failures.delete(key)
      else if (!signal.aborted) noteFailure(key, answer)
      return answer
    }
    const flight = takeOff({ work, onOver: () => flights.delete(key) })
    flights.set(key, flight)
    return flight.join(asker)
  }

  const noteFailure = (key: string, answer: Reading<never>): void => {
    if (failures.size >= FAILURES_KEPT) failures.clear()
    failures.set(key, { answer, until: clock.monotonic() + FAILURE_KEPT_MS })
  }

  const heldBy = async <T>(want: Want<T>): Promise<Entry<T> | null> => {
    const [entry] = (await store.getMany([want.key])) as (Entry<T> | null)[]
    return entry !== null && entry !== undefined && isFresh(want, entry, clock.now()) ? entry : null
  }

  const fetchAndKeep = async <T>(want: Want<T>, signal: AbortSignal): Promise<Reading<Entry<T>>> => {
    const answer = await want.fetch(signal)
    if (!answer.ok) return answer
    const cachedAt = clock.now()
    const ttlMs = typeof want.ttlMs === 'number' ? want.ttlMs : want.ttlMs(answer.value)
    const entry: Entry<T> = { data: answer.value, cachedAt, expiresAt: cachedAt + ttlMs }
    await store.setMany([{ key: want.key, entry, keepMs: ttlMs + want.staleMs }])
    return reading(entry)
  }

  /** Another process may be making it: wait for what it writes, and take over when it gives up. */
  const alone = async <T>({ key, look, make }: Leased<T>, signal: AbortSignal): Promise<Reading<T>> => {
    let release = await store.lease(key, LEASE_MS)
    for (let poll = 0; release === null && poll < POLLS && !signal.aborted; poll += 1) {
      await wait(clock, POLL_EVERY_MS)
      const written = await look()
      if (written !== null) return reading(written)
      release = await store.lease(key, LEASE_MS)
    }
    try {
      // Somebody may have written between our look and our lease.
      const written = await look()
      return written === null ? await make(signal) : reading(written)
    } finally {
      await release?.()
    }
  }

  const leased: Cached['leased'] = (what, asker) => once(what.key, (signal) => alone(what, signal), asker)

  const missing = async <T>(want: Want<T>, old: Entry<T> | null, asker?: AbortSignal): Promise<Got<T>> => {
    const { key } = want
    const look = () => heldBy(want)
    const asked = leased({ key, look, make: (signal) => fetchAndKeep(want, signal) }, asker)
    const isAtHand = old !== null && clock.now() < old.expiresAt + want.staleMs
    const answer = isAtHand && want.softMs !== undefined ? await within(want.softMs, asked) : await asked
    if (answer?.ok) return { ok: true, entry: answer.value, status: 'MISS', failure: null }
    const failure = answer?.failure ?? null
    if (isAtHand) return { ok: true, entry: old, status: 'STALE', failure }
    return { ok: false, failure: failure ?? { reason: 'UNAVAILABLE', message: 'nothing came' } }
  }

  /** Null when it takes longer. */
  const within = async <T>(ms: number, work: Promise<T>): Promise<T | null> => {
    const { promise, resolve } = Promise.withResolvers<null>()
    const cancel = clock.after(ms, () => resolve(null))
    const first = await Promise.race([work, promise])
    cancel()
    return first
  }

  return {
    once,
    leased,
    async read<T>(wants: readonly Want<T>[], asker?: AbortSignal) {
      if (wants.length === 0) return []
      const entries = (await store.getMany(wants.map((want) => want.key))) as (Entry<T> | null)[]
      const now = clock.now()
      return Promise.all(
        wants.map((want, index): Got<T> | Promise<Got<T>> => {
          const entry = entries[index] ?? null
          return entry !== null && isFresh(want, entry, now)
            ? { ok: true, entry, status: 'HIT', failure: null }
            : missing(want, entry, asker)
        }),
      )
    },
  }
}

function isFresh<T>(want: Want<T>, entry: Entry<T>, now: number): boolean {
  return want.isUsable === undefined ? entry.expiresAt > now : want.isUsable(entry, now)
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}

/** Runs `work` over `all`, at most `width` at a time, answers in order. */
export async function inTurns<T, R>(
  all: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = Array.from<R>({ length: all.length })
  let next = 0
  const worker = async (): Promise<void> => {
    for (let at = next++; at < all.length; at = next++) results[at] = await work(all[at] as T)
  }
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, worker))
  return results
}
