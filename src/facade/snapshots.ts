/**
 * The record of what was answered: each answer once, with the inputs it was made from, under the hash of its
 * own text. Hides writing in the background and in batches, and finding what was known at an instant.
 *
 * Two promises hold it together. A reference is only given out for a record that is on its way to the store.
 * And an instant that was answered for keeps its answer: later records of this process are taken after it,
 * and an instant so recent that another process may still be writing for it is waited out.
 */
import { createHash } from 'node:crypto'
import type { SnapshotHealth, SnapshotRecord } from '../domain/answer.ts'
import type { Instant, SnapshotRef } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import { answered, refused } from '../domain/errors.ts'
import type { Outcome } from '../domain/errors.ts'
import type { MarketSymbol } from '../domain/market.ts'
import { Recent } from '../store/recent.ts'
import type { SnapshotWrite, Store, StoredSnapshot } from '../store/store.ts'
import { canonical } from './canonical.ts'

export const RECORD_VERSION = 1

/** What is recorded of one answer. `inputs` suffice to make `answer` again. */
export interface SnapshotItem {
  readonly kind: string
  readonly symbol: MarketSymbol
  /** What it is found by: kind, symbol and whatever else tells answers apart, `"klines:BTC-USD:H1:500"`. */
  readonly subject: string
  readonly inputs: unknown
  readonly answer: unknown
  /** Records it cannot be read without; they are written with it, and kept as long. */
  readonly restsOn?: readonly Part[]
}

/** A record others rest on: what it says is settled, when it is first written is not. */
export type Part = SnapshotWrite

/** A record's body, read back. */
export interface SnapshotBody extends Omit<SnapshotItem, 'restsOn'> {
  readonly version: number
  readonly takenAt: Instant
}

export interface Recorded {
  readonly ref: SnapshotRef
  readonly record: SnapshotBody
}

export interface Snapshots {
  /** References in the order of the items; null where nothing is recorded (switched off, or no room in the queue). */
  record(items: readonly SnapshotItem[]): readonly (SnapshotRef | null)[]
  /** Made, not written: that is done with each record that rests on it. Null where nothing is recorded. */
  part(item: SnapshotItem): Part | null
  /** For each subject the newest record not after `at`. The same record is handed out as the same object. */
  asOf(subjects: readonly string[], at: Instant): Promise<readonly Outcome<Recorded>[]>
  read(id: string): Promise<Outcome<SnapshotRecord>>
  /** Parts by their ids; null at the place of one that is not held. */
  parts(ids: readonly string[]): Promise<readonly (Recorded | null)[]>
  health(): SnapshotHealth
  /** Records that found no room in the queue. */
  droppedTotal(): number
  /** Resolves when everything recorded so far has been handed to the store. */
  flush(): Promise<void>
  close(): Promise<void>
}

export interface SnapshotsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly isEnabled: boolean
  readonly retentionMs: number
  readonly maxQueued?: number
}

/** Records kept parsed, about. */
const DECODED_BYTES = 64 * 1024 * 1024
const FLUSH_MS = 10
const BATCH = 200
/** How long another process may take from stamping a record to having it written. */
const SETTLE_MS = 60
const SHA256 = /^[0-9a-f]{64}$/

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { store, clock, isEnabled, retentionMs, maxQueued = 20_000 } = options
  const decoded = new Recent<Recorded>(DECODED_BYTES)
  let queue: SnapshotWrite[] = []
  let writing: Promise<void> | null = null
  let cancelTimer: (() => void) | null = null
  let lastAnswered: Instant = Number.NEGATIVE_INFINITY
  let lastTaken: Instant = Number.NEGATIVE_INFINITY
  let written = 0
  let dropped = 0
  let oldest: Instant | null = null

  const takenNow = (): Instant => {
    lastTaken = Math.max(clock.now(), lastAnswered + 1)
    return lastTaken
  }

  /** A record of ours, or of a process whose clock is a little ahead, may be named before our clock gets there. */
  const isFuture = (at: Instant): boolean =>
    at > Math.max(lastTaken, clock.now() + (store.status().driver === 'MEMORY' ? 0 : SETTLE_MS))

  const writeOf = (item: SnapshotItem, takenAt: Instant): SnapshotWrite => {
    const { kind, symbol, subject, inputs, answer } = item
    const body = canonical({ version: RECORD_VERSION, kind, symbol, subject, takenAt, inputs, answer })
    return { id: hashOf(body), body, subject, takenAt }
  }

  const enqueue = (item: SnapshotItem, takenAt: Instant): SnapshotRef | null => {
    if (queue.length >= maxQueued) {
      dropped += 1
      return null
    }
    const write = writeOf(item, takenAt)
    // In this order: nobody may find a record before what it rests on.
    queue.push(...(item.restsOn ?? []), write)
    return { id: write.id, takenAt }
  }

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, BATCH)
      queue = queue.slice(BATCH)
      await store.putSnapshots(batch, retentionMs)
      written += batch.length
      oldest = Math.max(oldest ?? batch[0]?.takenAt ?? 0, clock.now() - retentionMs)
    }
  }

  const flush = async (): Promise<void> => {
    cancelTimer?.()
    cancelTimer = null
    writing ??= drain().finally(() => {
      writing = null
    })
    await writing
    if (queue.length > 0) await flush()
  }

  const settle = async (at: Instant): Promise<void> => {
    lastAnswered = Math.max(lastAnswered, at)
    if (queue.length > 0 || writing !== null) await flush()
    const wait = at + SETTLE_MS - clock.now()
    if (store.status().driver === 'MEMORY' || wait <= 0) return
    await new Promise<void>((resolve) => clock.after(wait, resolve))
  }

  /** Null when it is not the record its id names: then it is not held, whatever lies in its place. */
  const decode = (stored: StoredSnapshot): Recorded | null => {
    const known = decoded.get(stored.id)
    if (known !== undefined) return known
    if (hashOf(stored.body) !== stored.id) return null
    const ref = { id: stored.id, takenAt: stored.takenAt }
    const fresh = { ref, record: JSON.parse(stored.body) as SnapshotBody }
    decoded.set(stored.id, fresh, 500 + 3 * stored.body.length)
    return fresh
  }

  const missing = async (subject: string): Promise<Outcome<never>> => {
    const earliest = await store.earliest(subject, clock.now() - retentionMs)
    const held =
      earliest === null ? 'nothing is held' : `the earliest held is ${new Date(earliest).toISOString()}`
    return refused('SNAPSHOT_NOT_FOUND', `No record of ${subject} at that instant; ${held}.`, { earliest })
  }

  return {
    record(items) {
      if (!isEnabled) return items.map(() => null)
      const takenAt = takenNow()
      const refs = items.map((item) => enqueue(item, takenAt))
      cancelTimer ??= clock.after(FLUSH_MS, () => void flush())
      return refs
    },
    part: (item) => (isEnabled ? writeOf(item, takenNow()) : null),
    async asOf(subjects, at) {
      if (isFuture(at)) {
        const future = refused('BAD_USER_INPUT', 'asOf lies in the future.', { argument: 'asOf' })
        return subjects.map(() => future)
      }
      await settle(at)
      const found = await store.newestNotAfter(subjects, at)
      return Promise.all(
        subjects.map((subject, position) => {
          const stored = found[position] ?? null
          const isHeld = stored !== null && stored.takenAt >= clock.now() - retentionMs
          const recorded = isHeld ? decode(stored) : null
          return recorded === null ? missing(subject) : answered(recorded)
        }),
      )
    },
    async read(id) {
      const stored = SHA256.test(id) ? await readStored(id) : null
      const recorded = stored === null ? null : decode(stored)
      if (stored === null || recorded === null) {
        return refused('SNAPSHOT_NOT_FOUND', 'No record with this id is held.', { earliest: null })
      }
      const { kind, symbol } = recorded.record
      return answered({ id, takenAt: stored.takenAt, kind, symbol, body: stored.body })
    },
    async parts(ids) {
      if (ids.length === 0) return []
      if (queue.length > 0 || writing !== null) await flush()
      const stored = await store.snapshots(ids)
      return stored.map((each) => (each === null ? null : decode(each)))
    },
    health: () => ({ isEnabled, retentionHours: retentionMs / 3_600_000, writtenTotal: written, oldest }),
    droppedTotal: () => dropped,
    flush,
    async close() {
      await flush()
    },
  }

  async function readStored(id: string): Promise<StoredSnapshot | null> {
    if (queue.length > 0 || writing !== null) await flush()
    return store.snapshot(id)
  }
}

export const hashOf = (body: string): string => createHash('sha256').update(body).digest('hex')
