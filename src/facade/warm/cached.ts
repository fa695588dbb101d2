/**
 * Reading through the store: one round trip for everything asked, then each missing value fetched once,
 * whoever waits for it, in this process (a shared flight) and beside it (a lease at the store). A failure
 * reaches everyone who waited and is forgotten within a second; a value past its time stands in for it.
 */
import type { CacheStatus } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import type { Entry, Store } from '../../store/store.ts'
import { reading, unreadable } from '../../wire/request.ts'
import type { Failure, Reading } from '../../wire/request.ts'

export interface Want<T> {
  readonly key: string
  readonly ttlMs: number | ((value: T) => number)
  /** How long past its time the value may stand in for a failed source; 0 for never. */
  readonly staleMs: number
  readonly fetch: () => Promise<Reading<T>>
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

export interface Cached {
  read<T>(wants: readonly Want<T>[]): Promise<readonly Got<T>[]>
  /** One run for all who ask for `key` while it lasts; its failure answers the rest of the second. */
  once<T>(key: string, run: () => Promise<Reading<T>>): Promise<Reading<T>>
}

/** Longer than any transport's timeout: a holder that lives always releases before. */
const LEASE_MS = 15_000
const POLL_EVERY_MS = 40
const POLLS = 75
const FAILURE_KEPT_MS = 750
const FAILURES_KEPT = 1_000

export function createCached({ store, clock }: { readonly store: Store; readonly clock: Clock }): Cached {
  const flights = new Map<string, Promise<Reading<unknown>>>()
  const failures = new Map<string, { readonly answer: Reading<never>; readonly until: number }>()

  const once = <T>(key: string, run: () => Promise<Reading<T>>): Promise<Reading<T>> => {
    const flying = flights.get(key)
    if (flying !== undefined) return flying as Promise<Reading<T>>
    const failed = failures.get(key)
    if (failed !== undefined && clock.monotonic() < failed.until) return Promise.resolve(failed.answer)
    const flight = run()
      // Whatever breaks in the making is a failure of this answer, never of the process.
      .catch((cause: unknown) => unreadable('UNAVAILABLE', String(cause)))
      .then((answer) => {
        if (!answer.ok) noteFailure(key, answer)
        else failures.delete(key)
        return answer
      })
      .finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  const noteFailure = (key: string, answer: Reading<never>): void => {
    if (failures.size >= FAILURES_KEPT) failures.clear()
    failures.set(key, { answer, until: clock.monotonic() + FAILURE_KEPT_MS })
  }

  const heldBy = async <T>(want: Want<T>): Promise<Entry<T> | null> => {
    const [entry] = (await store.getMany([want.key])) as (Entry<T> | null)[]
    return entry !== null && entry !== undefined && isFresh(want, entry, clock.now()) ? entry : null
  }

  const fetchAndKeep = async <T>(want: Want<T>): Promise<Reading<Entry<T>>> => {
    const answer = await want.fetch()
    if (!answer.ok) return answer
    const cachedAt = clock.now()
    const ttlMs = typeof want.ttlMs === 'number' ? want.ttlMs : want.ttlMs(answer.value)
    const entry: Entry<T> = { data: answer.value, cachedAt, expiresAt: cachedAt + ttlMs }
    await store.setMany([{ key: want.key, entry, keepMs: ttlMs + want.staleMs }])
    return reading(entry)
  }

  /** Another process may be fetching: wait for what it writes, and take over when it gives up. */
  const leased = async <T>(want: Want<T>): Promise<Reading<Entry<T>>> => {
    let release = await store.lease(want.key, LEASE_MS)
    for (let poll = 0; release === null && poll < POLLS; poll += 1) {
      await wait(clock, POLL_EVERY_MS)
      const written = await heldBy(want)
      if (written !== null) return reading(written)
      release = await store.lease(want.key, LEASE_MS)
    }
    try {
      // Somebody may have written between our look and our lease.
      const written = await heldBy(want)
      return written === null ? await fetchAndKeep(want) : reading(written)
    } finally {
      await release?.()
    }
  }

  const missing = async <T>(want: Want<T>, old: Entry<T> | null): Promise<Got<T>> => {
    const answer = await once(want.key, () => leased(want))
    if (answer.ok) return { ok: true, entry: answer.value, status: 'MISS', failure: null }
    return old !== null && clock.now() < old.expiresAt + want.staleMs
      ? { ok: true, entry: old, status: 'STALE', failure: answer.failure }
      : { ok: false, failure: answer.failure }
  }

  return {
    once,
    async read<T>(wants: readonly Want<T>[]) {
      if (wants.length === 0) return []
      const entries = (await store.getMany(wants.map((want) => want.key))) as (Entry<T> | null)[]
      const now = clock.now()
      return Promise.all(
        wants.map((want, index): Got<T> | Promise<Got<T>> => {
          const entry = entries[index] ?? null
          return entry !== null && isFresh(want, entry, now)
            ? { ok: true, entry, status: 'HIT', failure: null }
            : missing(want, entry)
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
