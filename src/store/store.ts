/**
 * Remembering, as a contract with two implementations (memory, redis) and one conformance suite.
 *
 * Keys are given without the configured prefix. No method throws for an absent key. When the store
 * itself is out of reach a read answers all-absent and a write is dropped; `status()` says so: the
 * caller goes on from its sources. Every key has a time to live.
 */
import type { Instant } from '../domain/attribution.ts'

/** What is kept under a cache key. `data` must survive JSON. */
export interface Entry<T = unknown> {
  readonly data: T
  readonly cachedAt: Instant
  /** End of freshness. The entry itself is kept longer (see `keepMs`) so that it can be served STALE. */
  readonly expiresAt: Instant
}

export interface EntryWrite {
  readonly key: string
  readonly entry: Entry
  /** How long the store holds it, fresh or stale. */
  readonly keepMs: number
}

export interface SnapshotWrite {
  /** Lower-case hex SHA-256 of `body`. */
  readonly id: string
  readonly body: string
  /** Index it is found by, e.g. `"price:BTC-USD"`. */
  readonly subject: string
  readonly takenAt: Instant
}

export interface StoredSnapshot {
  readonly id: string
  readonly takenAt: Instant
  readonly body: string
}

export interface StoreStatus {
  readonly driver: 'MEMORY' | 'REDIS'
  readonly isConnected: boolean
  /** Why it is not, or what it refuses although it is (read-only, out of memory); null when all is well. */
  readonly reason: string | null
  readonly usedBytes: number | null
  /** Commands sent and not yet answered. */
  readonly pending: number
  /** Values that could not be read back (poisoned, old shape): each was a miss. */
  readonly unreadableTotal: number
}

export interface Store {
  /** One round trip (one per slot group on a Cluster). The same key read unchanged gives the same object back. */
  getMany(keys: readonly string[]): Promise<readonly (Entry | null)[]>
  setMany(writes: readonly EntryWrite[]): Promise<void>

  /**
   * Takes a lease across processes: resolves to a release function for the one holder, null for the others.
   * When the store is out of reach everyone gets a lease.
   */
  lease(key: string, holdMs: number): Promise<(() => Promise<void>) | null>

  /**
   * Writes each record once, atomically with its index. Writing the same id again changes nothing of it, but
   * it is kept from then on for as long as a new one: what others rest on outlives them.
   */
  putSnapshots(writes: readonly SnapshotWrite[], retentionMs: number): Promise<void>
  /** For each subject the newest record not after `at`; null when none is held. */
  newestNotAfter(subjects: readonly string[], at: Instant): Promise<readonly (StoredSnapshot | null)[]>
  /** The instant of the oldest record held for a subject (and not older than `notBefore`), null when none is. */
  earliest(subject: string, notBefore?: Instant): Promise<Instant | null>
  snapshot(id: string): Promise<StoredSnapshot | null>
  /** Several in one round trip, each at its place. */
  snapshots(ids: readonly string[]): Promise<readonly (StoredSnapshot | null)[]>

  status(): StoreStatus
  close(): Promise<void>
}
