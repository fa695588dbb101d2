/** Records in memory: packed, found by subject and instant, trimmed by retention and by room. */
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import { pack, unpack } from './pack.ts'
import type { SnapshotWrite, StoredSnapshot } from './store.ts'

export interface Shelf {
  put(writes: readonly SnapshotWrite[], retentionMs: number): void
  newestNotAfter(subject: string, at: Instant): StoredSnapshot | null
  earliest(subject: string, notBefore?: Instant): Instant | null
  read(id: string): StoredSnapshot | null
  bytes(): number
  clear(): void
}

interface Placed {
  readonly id: string
  readonly takenAt: Instant
}

interface Blob extends Placed {
  readonly subject: string
  readonly packed: Buffer
  /** When it was last written: what it is trimmed by. */
  readonly keptAt: Instant
}

/** What a blob costs besides its bytes: its id twice, and its places in two collections. */
const OVERHEAD_BYTES = 300

export function createShelf(clock: Clock, maxBytes: number): Shelf {
  const blobs = new Map<string, Blob>()
  const index = new Map<string, Placed[]>()
  let bytes = 0

  const drop = (blob: Blob): void => {
    blobs.delete(blob.id)
    bytes -= blob.packed.length + OVERHEAD_BYTES
    const places = index.get(blob.subject) ?? []
    const at = positionAfter(places, blob) - 1
    if (places[at]?.id === blob.id) places.splice(at, 1)
    if (places.length === 0) index.delete(blob.subject)
  }

  const place = (write: SnapshotWrite): void => {
    const { id, takenAt, subject } = write
    const known = blobs.get(id)
    if (known !== undefined) {
      blobs.delete(id)
      blobs.set(id, { ...known, keptAt: clock.now() })
      return
    }
    const packed = pack(write.body)
    blobs.set(id, { id, takenAt, subject, packed, keptAt: takenAt })
    bytes += packed.length + OVERHEAD_BYTES
    const places = index.get(subject) ?? []
    places.splice(positionAfter(places, write), 0, { id, takenAt })
    index.set(subject, places)
  }

  const read = (id: string): StoredSnapshot | null => {
    const blob = blobs.get(id)
    return blob === undefined ? null : { id, takenAt: blob.takenAt, body: unpack(blob.packed) }
  }

  return {
    put(writes, retentionMs) {
      writes.forEach(place)
      const horizon = clock.now() - retentionMs
      // Written in about the order they were taken, so the oldest stand in front.
      for (const blob of blobs.values()) {
        if (blob.keptAt >= horizon && bytes <= maxBytes) break
        drop(blob)
      }
    },
    newestNotAfter(subject, at) {
      const places = index.get(subject) ?? []
      const newest = places[positionAfter(places, { takenAt: at, id: '~' }) - 1]
      return newest === undefined ? null : read(newest.id)
    },
    earliest: (subject, notBefore = 0) =>
      index.get(subject)?.find(({ takenAt }) => takenAt >= notBefore)?.takenAt ?? null,
    read,
    bytes: () => bytes,
    clear() {
      blobs.clear()
      index.clear()
      bytes = 0
    },
  }
}

/** First position behind everything not after `key`. Records of one millisecond stand in the order of their ids. */
function positionAfter(places: readonly Placed[], key: Placed): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = places[middle] as Placed
    const isNotAfter = other.takenAt < key.takenAt || (other.takenAt === key.takenAt && other.id <= key.id)
    if (isNotAfter) low = middle + 1
    else high = middle
  }
  return low
}
