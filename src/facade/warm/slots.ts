/**
 * Published answers by symbol: each store entry is made into an immutable view once, and handed out as that
 * same object for as long as the entry stands. Whoever waits for a missing answer shares one making of it.
 */
import type { CacheEntry, CacheStatus } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import { FacadeError, answered } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import type { MarketSymbol } from '../../domain/market.ts'
import type { Entry, Store } from '../../store/store.ts'
import { takeOff } from './flight.ts'
import type { Flight } from './flight.ts'
import { STALE_FACTOR } from './tables.ts'

export interface Slot<D, V> {
  /** Where it is kept and recorded: `"price:BTC-USD"`. */
  readonly key: string
  readonly symbol: MarketSymbol
  readonly ttlSeconds: number
  readonly tally: { hits: number; misses: number }
  entry: Entry<D> | null
  hit: Outcome<V> | null
  stale: Outcome<V> | null
}

/** A missing answer, made: to be kept, or passed on as it is. */
export type Made<D, V> =
  | { readonly entry: Entry<D>; readonly isKept: boolean }
  | { readonly outcome: Outcome<V> }
  /** Nobody answered. */
  | { readonly failed: Outcome<never> }

export interface SlotsOptions<D extends { readonly key: string }, V> {
  readonly store: Store
  readonly clock: Clock
  readonly view: (data: D, cache: CacheEntry) => V
  /** `signal` is aborted when nobody waits for any of them any more. */
  readonly make: (slots: readonly Slot<D, V>[], signal: AbortSignal) => Promise<readonly Made<D, V>[]>
}

export interface Slots<D, V> {
  /** `signal` says that the asker has left; others who wait for the same still get it. */
  read(slots: readonly Slot<D, V>[], signal?: AbortSignal): Promise<readonly Outcome<V>[]>
}

/** A batch being made, and where in it one slot stands. */
interface Seat<V> {
  readonly flight: Flight<readonly Outcome<V>[]>
  readonly at: number
}

/** Nobody waits longer for a new value while an older one is at hand. */
export const SOFT_TIMEOUT_MS = 200
/** A refresh is late when it takes longer than this many times what one usually takes. */
const SOFT_FACTOR = 3

export function createSlots<D extends { readonly key: string }, V>(options: SlotsOptions<D, V>): Slots<D, V> {
  const { store, clock, view, make } = options
  const seats = new Map<string, Seat<V>>()
  let usualMs = 0

  const hitOf = (slot: Slot<D, V>, entry: Entry<D>): Outcome<V> => {
    if (slot.entry !== entry || slot.hit === null) {
      slot.entry = entry
      slot.hit = answered(view(entry.data, cacheOf(slot, entry, 'HIT')))
      slot.stale = null
    }
    return slot.hit
  }

  const staleOf = (slot: Slot<D, V>, entry: Entry<D> | null): Outcome<V> | null => {
    const staleMs = slot.ttlSeconds * 1000 * (STALE_FACTOR - 1)
    if (entry === null || entry.data.key !== slot.key) return null
    if (clock.now() >= entry.expiresAt + staleMs) return null
    if (slot.entry !== entry || slot.stale === null) {
      slot.entry = entry
      slot.hit = null
      slot.stale = answered(view(entry.data, cacheOf(slot, entry, 'STALE')))
    }
    return slot.stale
  }

  const makeAll = async (
    slots: readonly Slot<D, V>[],
    olds: readonly (Entry<D> | null)[],
    signal: AbortSignal,
  ): Promise<readonly Outcome<V>[]> => {
    const startedAt = clock.monotonic()
    const made = await make(slots, signal)
    const kept = made.flatMap((each, index) =>
      'entry' in each && each.isKept ? [{ slot: slots[index] as Slot<D, V>, entry: each.entry }] : [],
    )
    if (kept.length > 0) {
      await store.setMany(
        kept.map(({ slot, entry }) => {
          return { key: slot.key, entry, keepMs: slot.ttlSeconds * 1000 * STALE_FACTOR }
        }),
      )
    }
    usualMs = usualMs * 0.8 + (clock.monotonic() - startedAt) * 0.2
    return made.map((each, index) => {
      const slot = slots[index] as Slot<D, V>
      if ('entry' in each) return answered(view(each.entry.data, cacheOf(slot, each.entry, 'MISS')))
      if ('outcome' in each) return each.outcome
      return staleOf(slot, olds[index] ?? null) ?? each.failed
    })
  }

  const board = (slots: readonly Slot<D, V>[], olds: readonly (Entry<D> | null)[]): void => {
    const work = (signal: AbortSignal): Promise<readonly Outcome<V>[]> =>
      makeAll(slots, olds, signal).catch((cause) => {
        const broken: Outcome<V> = { ok: false, error: brokenBy(cause) }
        return slots.map(() => broken)
      })
    const onOver = (): void => {
      for (const { key } of slots) if (seats.get(key)?.flight === flight) seats.delete(key)
    }
    const flight: Flight<readonly Outcome<V>[]> = takeOff({ work, onOver })
    for (const [at, { key }] of slots.entries()) seats.set(key, { flight, at })
  }

  const missing = async (
    slots: readonly Slot<D, V>[],
    olds: readonly (Entry<D> | null)[],
    asker?: AbortSignal,
  ): Promise<readonly Outcome<V>[]> => {
    const fresh = [...new Set(slots)].filter(({ key }) => !seats.has(key))
    if (fresh.length > 0) {
      board(
        fresh,
        fresh.map((slot) => olds[slots.indexOf(slot)] ?? null),
      )
    }
    const mine = slots.map(({ key }) => seats.get(key) as Seat<V>)
    const joined = new Map<Seat<V>['flight'], Promise<readonly Outcome<V>[]>>()
    for (const { flight } of mine) if (!joined.has(flight)) joined.set(flight, flight.join(asker))
    const waits = mine.map(async ({ flight, at }) => (await joined.get(flight))?.[at] as Outcome<V>)
    const stand = slots.map((slot, index) => staleOf(slot, olds[index] ?? null))
    if (stand.every((each) => each === null)) return Promise.all(waits)
    const late = Symbol('late')
    const { promise, resolve } = Promise.withResolvers<typeof late>()
    const cancel = clock.after(Math.max(SOFT_TIMEOUT_MS, usualMs * SOFT_FACTOR), () => resolve(late))
    const outcomes = await Promise.all(
      waits.map(async (wait, index) => {
        const inHand = stand[index] ?? null
        if (inHand === null) return wait
        const first = await Promise.race([wait, promise])
        return first === late ? inHand : first
      }),
    )
    cancel()
    return outcomes
  }

  return {
    async read(slots, asker) {
      const entries = (await store.getMany(slots.map(keyOf))) as readonly (Entry<D> | null)[]
      const now = clock.now()
      const outcomes: Outcome<V>[] = []
      let misses: number[] | null = null
      for (let at = 0; at < slots.length; at += 1) {
        const slot = slots[at] as Slot<D, V>
        const entry = entries[at] ?? null
        if (entry !== null && entry.expiresAt > now && entry.data.key === slot.key) {
          slot.tally.hits += 1
          outcomes.push(hitOf(slot, entry))
        } else {
          slot.tally.misses += 1
          misses ??= []
          misses.push(at)
          outcomes.push(UNANSWERED)
        }
      }
      if (misses === null) return outcomes
      const made = await missing(
        misses.map((at) => slots[at] as Slot<D, V>),
        misses.map((at) => entries[at] ?? null),
        asker,
      )
      for (const [index, at] of misses.entries()) outcomes[at] = made[index] as Outcome<V>
      return outcomes
    },
  }
}

/** An unpublished slot: nothing made from its entry yet. */
export const newSlot = <D, V>(
  facts: Pick<Slot<D, V>, 'key' | 'symbol' | 'ttlSeconds' | 'tally'>,
): Slot<D, V> => ({ ...facts, entry: null, hit: null, stale: null })

const UNANSWERED: Outcome<never> = {
  ok: false,
  error: new FacadeError('INTERNAL_SERVER_ERROR', 'unanswered'),
}

const keyOf = (slot: { readonly key: string }): string => slot.key

function brokenBy(cause: unknown): FacadeError {
  return new FacadeError('INTERNAL_SERVER_ERROR', cause instanceof Error ? cause.message : String(cause))
}

function cacheOf(
  slot: { readonly ttlSeconds: number },
  entry: { readonly cachedAt: number; readonly expiresAt: number },
  status: CacheStatus,
): CacheEntry {
  return {
    status,
    cachedAt: entry.cachedAt,
    expiresAt: entry.expiresAt,
    ttlSeconds: slot.ttlSeconds,
  }
}
