/**
 * Remembering in Redis, for several processes. Hides envelopes, the local copies that make an unchanged value
 * the same object again, and going on from memory while Redis is out of reach.
 *
 * Nothing stale wins over fresh after an outage: what could not be written is marked so here, beats what Redis
 * still holds if it was cached later, and is written once Redis is back; a write that Redis executes late
 * carries its own instants, so it is as old as it is; and records, which never change, are simply written again.
 */
import { randomBytes } from 'node:crypto'
import { readEnvelope, seal } from './envelope.ts'
import type { Sealed } from './envelope.ts'
import { createGate } from './gate.ts'
import type { StoreLogger } from './gate.ts'
import { gather } from './gather.ts'
import { openLink, replies } from './link.ts'
import { createMemoryStore } from './memory.ts'
import { Recent, roughBytes } from './recent.ts'
import type { Checked, Local } from './redis-local.ts'
import type { RedisStore, RedisStoreOptions } from './redis-options.ts'
import { createRedisRecords } from './redis-records.ts'
import { RELEASE, WRITE, WRITE_NEWER } from './redis-scripts.ts'
import type { Entry, EntryWrite } from './store.ts'

export type { RedisStore, RedisStoreOptions } from './redis-options.ts'

const MIB = 1024 * 1024
const LOCAL_BYTES = 64 * MIB
const INFO_EVERY_MS = 5000
const RESUMED_AT_ONCE = 200
/**
 * Why: a hundred entries cost five times their reading from memory when Redis sends them again with every query. While
 * queries come this quickly, one of them reads the entries and the others read who wrote last (30 in place of
 * 200,000 bytes); any write, by any process, makes the next one read them all.
 */
const CHECKED_FOR_MS = 100
const STAMP_MS = 86_400_000
const SILENT: StoreLogger = { info: () => {}, warn: () => {} }
export function createRedisStore(options: RedisStoreOptions): RedisStore {
  const { url, prefix, poolSize, maxRetries, clock, logger = SILENT } = options
  const fallback =
    options.fallback ?? createMemoryStore({ clock, maxEntryBytes: 0, maxSnapshotBytes: 64 * MIB })
  const local = new Recent<Local>(LOCAL_BYTES)
  const stampKey = `${prefix}stamp`
  const newStamp = (): string => randomBytes(9).toString('base64url')
  const waiting = new Set<() => void>()
  let unreadable = 0
  let usedBytes: number | null = null

  const link = openLink({
    url,
    poolSize,
    ...(options.random === undefined ? {} : { random: options.random }),
    onReady: () => gate.noteReady(),
    onError: (cause) => gate.noteFailure(cause),
  })
  const gate = createGate({
    clock,
    logger,
    patience: Math.min(5, Math.max(1, maxRetries)),
    probe: async () => link.client().ping(),
    renew: link.renew,
    onReached() {
      for (const resolve of waiting) resolve()
      void records.resume()
      void resume()
      void measure()
    },
  })
  const records = createRedisRecords({
    link,
    gate,
    prefix,
    clock,
    fallback,
    onUnreadable: () => (unreadable += 1),
  })

  const measure = async (): Promise<void> => {
    const info = await gate.pass(async () => String(await link.client().info('memory')))
    if (info.ok) usedBytes = Number(/used_memory:(\d+)/.exec(info.value)?.[1] ?? Number.NaN) || null
  }
  const stopMeasuring = clock.every(INFO_EVERY_MS, () => void measure())

  const heldHere = (key: string): Local | undefined => {
    const held = local.get(key)
    if (held === undefined || held.until > clock.monotonic()) return held
    local.delete(key)
    return undefined
  }

  const fetch = async (keys: readonly string[]): Promise<readonly (Buffer | null)[]> => {
    if (!link.isCluster) return link.client().mgetBuffer([...keys])
    const found: (Buffer | null)[] = Array.from({ length: keys.length }, () => null)
    await Promise.all(
      link.groups(keys).map(async (group) => {
        const pipeline = link.client().pipeline()
        for (const position of group) pipeline.getBuffer(keys[position] as string)
        for (const [at, reply] of (await replies(pipeline)).entries()) {
          found[group[at] as number] = reply as Buffer | null
        }
      }),
    )
    return found
  }

  const choose = (key: string, bytes: Buffer | null, checked: Checked | null): Entry | null => {
    const held = heldHere(key)
    const unwritten = held !== undefined && !held.isWritten ? held.entry : null
    if (bytes === null) return unwritten
    const envelope = readEnvelope(bytes)
    if (envelope === null) {
      unreadable += 1
      return unwritten
    }
    if (held !== undefined && envelope.carries(held.tag)) {
      held.isWritten = true
      held.checked = checked
      return held.entry
    }
    if (unwritten !== null && unwritten.cachedAt > envelope.cachedAt) return unwritten
    try {
      const entry = envelope.open()
      // How long Redis keeps it is not in the envelope; the stale allowance is ten times the freshness.
      const keepMs = Math.max(1000, (entry.expiresAt - entry.cachedAt) * 11 - (clock.now() - entry.cachedAt))
      const until = clock.monotonic() + keepMs
      keepHere(key, { entry, tag: envelope.tag(), until, isWritten: true, checked })
      return entry
    } catch {
      unreadable += 1
      return unwritten
    }
  }

  const keepHere = (key: string, held: Local): void =>
    local.set(key, held, key.length + 64 + roughBytes(held.entry.data))

  const write = async (writes: readonly EntryWrite[], sealed: readonly Sealed[]): Promise<void> => {
    const keys = writes.map(({ key }) => prefix + key)
    if (link.isCluster) return writeApart(keys, writes, sealed)
    const values = writes.flatMap((each, at) => [keepOf(each), (sealed[at] as Sealed).bytes])
    await link.client().eval(WRITE, keys.length + 1, stampKey, ...keys, STAMP_MS, newStamp(), ...values)
  }

  /** A script may touch one node only; what a node holds goes there together. */
  const writeApart = async (
    keys: readonly string[],
    writes: readonly EntryWrite[],
    sealed: readonly Sealed[],
  ): Promise<void> => {
    const each = link.groups(keys).map((group) => {
      const pipeline = link.client().pipeline()
      for (const at of group) {
        const { bytes } = sealed[at] as Sealed
        pipeline.set(keys[at] as string, bytes, 'PX', keepOf(writes[at] as EntryWrite))
      }
      return replies(pipeline)
    })
    await Promise.all(each)
  }

  /** Whatever lies in the place of what could not be written is older, or was never ours, or stays. */
  const resume = async (): Promise<void> => {
    const now = clock.monotonic()
    const late = [...local].filter(([, { isWritten, until }]) => !isWritten && until > now)
    for (let from = 0; from < late.length; from += RESUMED_AT_ONCE) {
      const some = late.slice(from, from + RESUMED_AT_ONCE)
      const written = await gate.pass(() => writeNewer(some), 'write')
      if (written.ok) for (const [, here] of some) here.isWritten = true
    }
  }

  const writeNewer = async (late: readonly (readonly [key: string, here: Local])[]): Promise<void> => {
    const keys = late.map(([key]) => prefix + key)
    const valuesOf = ([, here]: readonly [string, Local]) => {
      const sealed = seal(here.entry)
      here.tag = sealed.tag
      return [here.entry.cachedAt, Math.ceil(here.until - clock.monotonic()), sealed.bytes]
    }
    if (!link.isCluster) {
      const values = [0, STAMP_MS, newStamp(), ...late.flatMap(valuesOf)]
      await link.client().eval(WRITE_NEWER, keys.length + 1, stampKey, ...keys, ...values)
      return
    }
    const each = link.groups(keys).map((group) => {
      const pipeline = link.client().pipeline()
      for (const at of group) {
        pipeline.eval(WRITE_NEWER, 1, keys[at] as string, ...valuesOf(late[at] as readonly [string, Local]))
      }
      return replies(pipeline)
    })
    await Promise.all(each)
  }

  const found = gather(
    (keys) => gate.pass(() => fetch(keys)),
    (reply, from, count) => (reply.ok ? reply.value.slice(from, from + count) : null),
  )

  const stampNow = gather(
    () => gate.pass(() => fetch([stampKey])),
    (reply) => (reply.ok ? (reply.value[0]?.toString('latin1') ?? '') : null),
  )

  /** The stamp all of these were last read under, when each was within its time; null when they have to be read. */
  const stampOf = (keys: readonly string[]): string | null => {
    const now = clock.monotonic()
    let stamp: string | null = null
    for (const key of keys) {
      const { checked = null, isWritten = false, until = 0 } = local.peek(key) ?? {}
      if (checked === null || !isWritten || checked.until <= now || until <= now) return null
      stamp ??= checked.stamp
      if (stamp !== checked.stamp) return null
    }
    return stamp
  }

  const readAll = async (keys: readonly string[]): Promise<readonly (Entry | null)[] | null> => {
    // Nodes of a Cluster are written apart, so that no stamp could speak for all of them.
    const before = link.isCluster ? [] : [stampKey]
    const replied = await found([...before, ...keys.map((key) => prefix + key)])
    if (replied === null) return null
    const stamp = before.length === 0 ? undefined : replied[0]?.toString('latin1')
    const checked = stamp === undefined ? null : { stamp, until: clock.monotonic() + CHECKED_FOR_MS }
    return keys.map((key, position) => choose(key, replied[position + before.length] ?? null, checked))
  }

  const read = async (keys: readonly string[]): Promise<readonly (Entry | null)[] | null> => {
    const expected = stampOf(keys)
    if (expected === null) return readAll(keys)
    const held = keys.map((key) => local.get(key)?.entry ?? null)
    const stamp = await stampNow([])
    if (stamp === null) return null
    return stamp === expected ? held : readAll(keys)
  }

  return {
    async getMany(keys) {
      if (keys.length === 0) return []
      return (await read(keys)) ?? keys.map((key) => heldHere(key)?.entry ?? null)
    },
    async setMany(writes) {
      if (writes.length === 0) return
      const sealed = writes.map(({ entry }) => seal(entry))
      const held = writes.map(({ key, entry, keepMs }, position) => {
        const { tag } = sealed[position] as Sealed
        const here: Local = { entry, tag, until: clock.monotonic() + keepMs, isWritten: false }
        keepHere(key, here)
        return here
      })
      const written = await gate.pass(() => write(writes, sealed), 'write')
      if (written.ok) for (const here of held) here.isWritten = true
    },
    async lease(key, holdMs) {
      const name = `${prefix}lease:${key}`
      const token = randomBytes(12).toString('hex')
      const taken = await gate.pass(() =>
        link.client().set(name, token, 'PX', Math.max(1, Math.ceil(holdMs)), 'NX'),
      )
      if (taken.ok && taken.value === null) return null
      return async () => {
        if (taken.ok) await gate.pass(() => link.client().eval(RELEASE, 1, name, token))
      }
    },
    putSnapshots: records.put,
    newestNotAfter: records.newestNotAfter,
    earliest: records.earliest,
    snapshot: async (id) => (await records.read([id]))[0] ?? null,
    snapshots: records.read,
    status: () => ({
      driver: 'REDIS',
      isConnected: gate.isOpen(),
      reason: gate.reason(),
      usedBytes,
      pending: gate.pending(),
      unreadableTotal: unreadable,
    }),
    ready: (withinMs) =>
      new Promise((resolve) => {
        if (gate.isOpen()) return resolve(true)
        const reached = (): void => {
          waiting.delete(reached)
          cancel()
          resolve(gate.isOpen())
        }
        const cancel = clock.after(withinMs, reached)
        waiting.add(reached)
      }),
    async close() {
      stopMeasuring()
      gate.close()
      link.close()
      local.clear()
      await fallback.close()
    },
  }
}

const keepOf = ({ keepMs }: EntryWrite): number => Math.max(1, Math.ceil(keepMs))
