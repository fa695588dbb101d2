/**
 * Remembering inside the process. Hides eviction: entries make room least recently used first, records
 * oldest first. An entry comes back as the very object that was put in.
 */
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import { Recent, roughBytes } from './recent.ts'
import { createShelf } from './shelf.ts'
import type { Entry, EntryWrite, Store } from './store.ts'

export interface MemoryStoreOptions {
  readonly clock: Clock
  /** Room for entries, about; least recently used leave first. */
  readonly maxEntryBytes?: number
  /** Room for packed records; the oldest leave first. */
  readonly maxSnapshotBytes?: number
}

interface Kept {
  readonly entry: Entry
  /** Monotonic. */
  readonly until: number
}

const MIB = 1024 * 1024

export function createMemoryStore(options: MemoryStoreOptions): Store {
  const { clock, maxEntryBytes = 128 * MIB, maxSnapshotBytes = 512 * MIB } = options
  const entries = new Recent<Kept>(maxEntryBytes)
  const leases = new Map<string, { readonly until: number }>()
  const shelf = createShelf(clock, maxSnapshotBytes)

  const read = (key: string): Entry | null => {
    const kept = entries.get(key)
    if (kept === undefined) return null
    if (kept.until > clock.monotonic()) return kept.entry
    entries.delete(key)
    return null
  }

  const write = ({ key, entry, keepMs }: EntryWrite): void => {
    entries.set(key, { entry, until: clock.monotonic() + keepMs }, key.length + roughBytes(entry.data))
  }

  return {
    getMany: async (keys) => keys.map(read),
    setMany: async (writes) => writes.forEach(write),
    async lease(key, holdMs) {
      const now = clock.monotonic()
      for (const [name, { until }] of leases) if (until <= now) leases.delete(name)
      if (leases.has(key)) return null
      const mine = { until: now + holdMs }
      leases.set(key, mine)
      return async () => {
        if (leases.get(key) === mine) leases.delete(key)
      }
    },
    putSnapshots: async (writes, retentionMs) => shelf.put(writes, retentionMs),
    newestNotAfter: async (subjects, at: Instant) =>
      subjects.map((subject) => shelf.newestNotAfter(subject, at)),
    earliest: async (subject, notBefore) => shelf.earliest(subject, notBefore),
    snapshot: async (id) => shelf.read(id),
    snapshots: async (ids) => ids.map(shelf.read),
    status: () => ({
      driver: 'MEMORY',
      isConnected: true,
      reason: null,
      usedBytes: entries.weight + shelf.bytes(),
      pending: 0,
      unreadableTotal: 0,
    }),
    async close() {
      entries.clear()
      leases.clear()
      shelf.clear()
    },
  }
}
