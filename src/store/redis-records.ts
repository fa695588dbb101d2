/**
 * Records in Redis: `pit:blob:<id>` holds eight bytes of instant and the packed body, `pit:index:<subject>` is a
 * sorted set of ids by instant. One script writes both, atomically. On a Cluster they live on different
 * nodes: there the blob is written first, and as readers come by the index or by the id itself, nobody
 * sees a place without its record.
 */
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import type { Gate } from './gate.ts'
import { replies } from './link.ts'
import type { Link } from './link.ts'
import { pack, unpack } from './pack.ts'
import { Recent } from './recent.ts'
import type { SnapshotWrite, Store, StoredSnapshot } from './store.ts'

export interface RedisRecordsOptions {
  readonly link: Link
  readonly gate: Gate
  readonly prefix: string
  readonly clock: Clock
  /** Holds what this process wrote, for when Redis cannot be asked. */
  readonly fallback: Store
  readonly onUnreadable: () => void
}

export interface RedisRecords {
  put(writes: readonly SnapshotWrite[], retentionMs: number): Promise<void>
  newestNotAfter(subjects: readonly string[], at: Instant): Promise<readonly (StoredSnapshot | null)[]>
  earliest(subject: string, notBefore?: Instant): Promise<Instant | null>
  read(ids: readonly string[]): Promise<readonly (StoredSnapshot | null)[]>
  /** Writes what could not be written while Redis was out of reach. */
  resume(): Promise<void>
}

/** KEYS: blob and index of each record. ARGV: ms to live, horizon, then instant, id and bytes of each. */
const PUT = `
for i = 1, #KEYS / 2 do
  local blob, index, at = KEYS[2 * i - 1], KEYS[2 * i], 3 * i
  if not redis.call('SET', blob, ARGV[at + 2], 'PX', ARGV[1], 'NX') then redis.call('PEXPIRE', blob, ARGV[1]) end
  redis.call('ZADD', index, ARGV[at], ARGV[at + 1])
  redis.call('ZREMRANGEBYSCORE', index, '-inf', '(' .. ARGV[2])
  redis.call('PEXPIRE', index, ARGV[1])
end
return #KEYS / 2`

const BATCH = 200
/** A record outlives its place in the index by this, so that a place always has its record. */
const SLACK_MS = 60_000
const MAX_UNWRITTEN = 20_000
const RECENT_BYTES = 32 * 1024 * 1024
/** Long records are written again while others rest on them: those are not packed each time. */
const LONG_BYTES = 4096
const PACKED_BYTES = 8 * 1024 * 1024

interface Unwritten {
  readonly write: SnapshotWrite
  readonly retentionMs: number
}

export function createRedisRecords(options: RedisRecordsOptions): RedisRecords {
  const { link, gate, prefix, clock, fallback } = options
  const recent = new Recent<StoredSnapshot>(RECENT_BYTES)
  const packed = new Recent<Buffer>(PACKED_BYTES)
  let unwritten: Unwritten[] = []
  const blobKey = (id: string): string => `${prefix}pit:blob:${id}`
  const indexKey = (subject: string): string => `${prefix}pit:index:${subject}`

  const blobOf = (write: SnapshotWrite): Buffer => {
    if (write.body.length < LONG_BYTES) return pressed(write)
    const known = packed.get(write.id) ?? pressed(write)
    packed.set(write.id, known, known.length)
    return known
  }

  const write = async (writes: readonly SnapshotWrite[], retentionMs: number): Promise<void> => {
    const ttl = Math.ceil(retentionMs + SLACK_MS)
    const horizon = clock.now() - retentionMs
    if (link.isCluster) return writeApart(writes, ttl, horizon)
    const keys = writes.flatMap(({ id, subject }) => [blobKey(id), indexKey(subject)])
    const values = writes.flatMap((each) => [each.takenAt, memberOf(each.id), blobOf(each)])
    await link.client().eval(PUT, keys.length, ...keys, ttl, horizon, ...values)
  }

  const writeApart = async (
    writes: readonly SnapshotWrite[],
    ttl: number,
    horizon: Instant,
  ): Promise<void> => {
    await inGroups(
      writes.map(({ id }) => blobKey(id)),
      (pipeline, key, at) =>
        pipeline.set(key, blobOf(writes[at] as SnapshotWrite), 'PX', ttl, 'NX').pexpire(key, ttl),
    )
    await inGroups(
      writes.map(({ subject }) => indexKey(subject)),
      (pipeline, key, at) => {
        const { takenAt, id } = writes[at] as SnapshotWrite
        pipeline
          .zadd(key, takenAt, memberOf(id))
          .zremrangebyscore(key, '-inf', `(${horizon}`)
          .pexpire(key, ttl)
      },
    )
  }

  /** One pipeline per group of keys; the replies in the order of the keys where each key makes one command. */
  const inGroups = async (
    keys: readonly string[],
    add: (pipeline: ReturnType<ReturnType<Link['client']>['pipeline']>, key: string, at: number) => void,
  ): Promise<readonly unknown[]> => {
    const found: unknown[] = Array.from({ length: keys.length }, () => null)
    await Promise.all(
      link.groups(keys).map(async (group) => {
        const pipeline = link.client().pipeline()
        for (const at of group) add(pipeline, keys[at] as string, at)
        const results = await replies(pipeline)
        for (const [position, at] of group.entries()) found[at] = results[position]
      }),
    )
    return found
  }

  const newestIds = async (subjects: readonly string[], at: Instant): Promise<readonly (string | null)[]> => {
    const found = await inGroups(subjects.map(indexKey), (pipeline, key) =>
      pipeline.zrevrangebyscoreBuffer(key, at, '-inf', 'LIMIT', 0, 1),
    )
    return found.map((members) => idOf((members as readonly Buffer[])[0]))
  }

  const fetch = async (ids: readonly string[]): Promise<void> => {
    const unknown = [...new Set(ids)].filter((id) => recent.peek(id) === undefined)
    if (unknown.length === 0) return
    const keys = unknown.map(blobKey)
    const blobs = link.isCluster
      ? await inGroups(keys, (pipeline, key) => pipeline.getBuffer(key))
      : await link.client().mgetBuffer(keys)
    for (const [at, id] of unknown.entries()) keep(id, blobs[at] as Buffer | null)
  }

  const keep = (id: string, blob: Buffer | null): void => {
    if (blob === null) return
    try {
      const stored = { id, takenAt: blob.readDoubleBE(0), body: unpack(blob.subarray(8)) }
      recent.set(id, stored, 200 + stored.body.length)
    } catch {
      options.onUnreadable()
    }
  }

  const put = async (writes: readonly SnapshotWrite[], retentionMs: number): Promise<void> => {
    await fallback.putSnapshots(writes, retentionMs)
    for (let from = 0; from < writes.length; from += BATCH) {
      const batch = writes.slice(from, from + BATCH)
      const written = await gate.pass(() => write(batch, retentionMs), 'write')
      if (!written.ok) {
        unwritten = [...unwritten, ...batch.map((each) => ({ write: each, retentionMs }))].slice(
          -MAX_UNWRITTEN,
        )
      }
    }
  }

  /** What Redis and this process hold, the newer of the two while some of ours is still unwritten. */
  const withOurs = async (
    subjects: readonly string[],
    at: Instant,
    theirs: readonly (StoredSnapshot | null)[],
  ): Promise<readonly (StoredSnapshot | null)[]> => {
    if (unwritten.length === 0) return theirs
    const ours = await fallback.newestNotAfter(subjects, at)
    return subjects.map((_, position) => newer(theirs[position] ?? null, ours[position] ?? null))
  }

  return {
    put,
    async newestNotAfter(subjects, at) {
      const found = await gate.pass(async () => {
        const ids = await newestIds(subjects, at)
        await fetch(ids.filter((id) => id !== null))
        return ids
      })
      if (!found.ok) return fallback.newestNotAfter(subjects, at)
      const theirs = await Promise.all(
        found.value.map((id) => (id === null ? null : (recent.get(id) ?? fallback.snapshot(id)))),
      )
      return withOurs(subjects, at, theirs)
    },
    async earliest(subject, notBefore = 0) {
      const found = await gate.pass(() =>
        link.client().zrangebyscore(indexKey(subject), notBefore, '+inf', 'WITHSCORES', 'LIMIT', 0, 1),
      )
      if (!found.ok) return fallback.earliest(subject, notBefore)
      const [, score] = (found.value as readonly unknown[]).flat()
      const ours = unwritten.length === 0 ? null : await fallback.earliest(subject, notBefore)
      const theirs = score === undefined ? null : Number(score)
      return theirs === null || ours === null ? (theirs ?? ours) : Math.min(theirs, ours)
    },
    async read(ids) {
      await gate.pass(() => fetch(ids))
      return Promise.all(ids.map((id) => recent.get(id) ?? fallback.snapshot(id)))
    },
    async resume() {
      const late = unwritten
      unwritten = []
      for (const retentionMs of new Set(late.map((each) => each.retentionMs))) {
        const writes = late.filter((each) => each.retentionMs === retentionMs).map(({ write: each }) => each)
        await put(writes, retentionMs)
      }
    },
  }
}

/** Thirty-two bytes sort as their sixty-four hex digits do, and take half the room. */
const memberOf = (id: string): Buffer => Buffer.from(id, 'hex')

const idOf = (member: Buffer | undefined): string | null => member?.toString('hex') ?? null

function pressed({ takenAt, body }: SnapshotWrite): Buffer {
  const instant = Buffer.allocUnsafe(8)
  instant.writeDoubleBE(takenAt)
  return Buffer.concat([instant, pack(body)])
}

function newer(a: StoredSnapshot | null, b: StoredSnapshot | null): StoredSnapshot | null {
  if (a === null || b === null) return a ?? b
  return a.takenAt > b.takenAt || (a.takenAt === b.takenAt && a.id >= b.id) ? a : b
}
