/** The record: the same instant, the same answer, for ever; and never a silent nothing. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonical } from '../../src/facade/canonical.ts'
import { createSnapshots, hashOf } from '../../src/facade/snapshots.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { createRedisStore } from '../../src/store/redis.ts'
import type { Store } from '../../src/store/store.ts'
import { TestClock } from '../support/clock.ts'
import { realClock } from '../support/real-clock.ts'
import { cli, startRedis } from '../support/redis.ts'

const HOUR = 3_600_000

function made(options: { isEnabled?: boolean; maxQueued?: number; retentionMs?: number } = {}) {
  const clock = new TestClock()
  const store = createMemoryStore({ clock })
  const snapshots = createSnapshots({ store, clock, isEnabled: true, retentionMs: 24 * HOUR, ...options })
  return { clock, store, snapshots }
}

const price = (symbol: string, value: string) => ({
  kind: 'price',
  symbol,
  subject: `price:${symbol}`,
  inputs: { claims: [value] },
  answer: { value },
})

describe('canonical text', () => {
  it('is the same whatever order the members were made in, and without white space', () => {
    expect(canonical({ b: [1, { d: null, c: 'x' }], a: undefined, aa: true })).toBe(
      '{"aa":true,"b":[1,{"c":"x","d":null}]}',
    )
  })

  it('reads back as the value it was written from', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonical(JSON.parse(canonical(value)))).toBe(canonical(value))
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe('a record', () => {
  it('is named by the hash of its body, and the body holds when it was taken', async () => {
    const { clock, snapshots } = made()
    const [ref] = snapshots.record([price('BTC-USD', '64213.10')])
    const found = await snapshots.read(ref?.id ?? '')
    if (!found.ok) throw found.error
    expect(hashOf(found.value.body)).toBe(ref?.id)
    expect(found.value).toMatchObject({ kind: 'price', symbol: 'BTC-USD', takenAt: clock.now() })
    expect(JSON.parse(found.value.body)).toMatchObject({
      takenAt: clock.now(),
      answer: { value: '64213.10' },
    })
  })

  it('is found at and after its instant, and not before', async () => {
    const { clock, snapshots } = made()
    const at = clock.now()
    snapshots.record([price('BTC-USD', '1')])
    clock.advance(1000)
    snapshots.record([price('BTC-USD', '2')])
    clock.advance(1000)
    const valueAt = async (instant: number) => {
      const [found] = await snapshots.asOf(['price:BTC-USD'], instant)
      return found?.ok ? found.value.record.answer : found?.error.code
    }
    expect(await valueAt(at)).toEqual({ value: '1' })
    expect(await valueAt(at + 999)).toEqual({ value: '1' })
    expect(await valueAt(at + 1000)).toEqual({ value: '2' })
    expect(await valueAt(clock.now())).toEqual({ value: '2' })
    expect(await valueAt(at - 1)).toBe('SNAPSHOT_NOT_FOUND')
  })

  it('taken in the millisecond that was just asked for does not change what was answered', async () => {
    const { clock, snapshots } = made()
    snapshots.record([price('BTC-USD', '1')])
    const at = clock.now()
    const [before] = await snapshots.asOf(['price:BTC-USD'], at)
    for (let count = 0; count < 20; count++) snapshots.record([price('BTC-USD', `2.${count}`)])
    const [after] = await snapshots.asOf(['price:BTC-USD'], at)
    expect(after).toEqual(before)
  })

  it('is handed out as the same object each time', async () => {
    const { clock, snapshots } = made()
    snapshots.record([price('BTC-USD', '1')])
    const [[a], [b]] = [
      await snapshots.asOf(['price:BTC-USD'], clock.now()),
      await snapshots.asOf(['price:BTC-USD'], clock.now()),
    ]
    expect(a?.ok && b?.ok && a.value === b.value).toBe(true)
  })

  it('older than retention is not found, and the error names the earliest that is held', async () => {
    const { clock, snapshots } = made({ retentionMs: HOUR })
    const old = clock.now()
    snapshots.record([price('BTC-USD', 'old')])
    await snapshots.flush()
    clock.advance(HOUR + 1000)
    const recent = clock.now()
    snapshots.record([price('BTC-USD', 'recent')])
    clock.advance(1000)
    for (const at of [old, old + HOUR]) {
      const [found] = await snapshots.asOf(['price:BTC-USD'], at)
      expect(found).toMatchObject({
        ok: false,
        error: { code: 'SNAPSHOT_NOT_FOUND', facts: { earliest: recent } },
      })
    }
    const [nothing] = await snapshots.asOf(['price:ETH-USD'], recent)
    expect(nothing).toMatchObject({
      ok: false,
      error: { code: 'SNAPSHOT_NOT_FOUND', facts: { earliest: null } },
    })
  })

  it('can be asked for by its own instant, even where that is a moment ahead of the clock', async () => {
    const { clock, snapshots } = made()
    await snapshots.asOf(['price:BTC-USD'], clock.now())
    const [ref] = snapshots.record([price('BTC-USD', '1')])
    const [found] = await snapshots.asOf(['price:BTC-USD'], ref?.takenAt ?? 0)
    expect(found).toMatchObject({ ok: true, value: { ref } })
  })

  it('that was tampered with in the store is not found', async () => {
    const { clock, store, snapshots } = made()
    const forged = {
      id: 'f'.repeat(64),
      body: '{"kind":"price"}',
      subject: 'price:BTC-USD',
      takenAt: clock.now(),
    }
    await store.putSnapshots([forged], HOUR)
    expect(await snapshots.read(forged.id)).toMatchObject({ error: { code: 'SNAPSHOT_NOT_FOUND' } })
    const [found] = await snapshots.asOf(['price:BTC-USD'], clock.now())
    expect(found).toMatchObject({ error: { code: 'SNAPSHOT_NOT_FOUND' } })
  })

  it('of the future is the asker’s mistake', async () => {
    const { clock, snapshots } = made()
    const [found] = await snapshots.asOf(['price:BTC-USD'], clock.now() + 1)
    expect(found).toMatchObject({ ok: false, error: { code: 'BAD_USER_INPUT', facts: { argument: 'asOf' } } })
  })

  it('with an unknown or impossible id is not found', async () => {
    const { snapshots } = made()
    for (const id of ['0'.repeat(64), 'nonsense', '../etc']) {
      expect(await snapshots.read(id)).toMatchObject({ ok: false, error: { code: 'SNAPSHOT_NOT_FOUND' } })
    }
  })
})

describe('recording', () => {
  it('gives no reference for what it had no room for, and counts it', async () => {
    const { snapshots } = made({ maxQueued: 3 })
    const refs = snapshots.record(Array.from({ length: 5 }, (_, index) => price('BTC-USD', `${index}`)))
    expect(refs.map((ref) => ref === null)).toEqual([false, false, false, true, true])
    expect(snapshots.droppedTotal()).toBe(2)
    await snapshots.close()
    expect(snapshots.health().writtenTotal).toBe(3)
  })

  it('switched off records nothing and says so', () => {
    const { snapshots } = made({ isEnabled: false })
    expect(snapshots.record([price('BTC-USD', '1')])).toEqual([null])
    expect(snapshots.health()).toMatchObject({ isEnabled: false, writtenTotal: 0, oldest: null })
  })

  it('is finished when closed', async () => {
    const { clock, store, snapshots } = made()
    const [ref] = snapshots.record([price('BTC-USD', '1')])
    await snapshots.close()
    expect(await store.snapshot(ref?.id ?? '')).not.toBeNull()
    expect(snapshots.health().oldest).toBe(clock.now())
  })
})

describe('in Redis', () => {
  it('two processes give the same bytes for the same instant, in as many round trips for 100 subjects as for one', async () => {
    const server = await startRedis()
    const open = async (): Promise<Store> => {
      const store = createRedisStore({
        url: server.url,
        prefix: 'cryptorun:',
        poolSize: 2,
        maxRetries: 3,
        clock: realClock,
      })
      await store.ready(5000)
      return store
    }
    const stores = [await open(), await open()]
    const [ours, theirs] = stores.map((store) =>
      createSnapshots({ store, clock: realClock, isEnabled: true, retentionMs: HOUR }),
    )
    if (ours === undefined || theirs === undefined) throw new Error('two were made')
    const symbols = Array.from({ length: 100 }, (_, index) => `S${index}-USD`)
    ours.record(symbols.map((symbol) => price(symbol, '1')))
    theirs.record(symbols.map((symbol) => price(symbol, '2')))
    const at = realClock.now()
    const calls = (name: string): number =>
      Number(
        new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(
          cli(['-p', `${server.port}`, 'info', 'commandstats']),
        )?.[1] ?? 0,
      )
    const subjects = symbols.map((symbol) => `price:${symbol}`)
    const [a, b] = await Promise.all([ours.asOf(subjects, at), theirs.asOf(subjects, at)])
    const refs = (outcomes: typeof a) =>
      outcomes.map((each) => (each.ok ? each.value.ref.id : each.error.code))
    expect(refs(a)).toEqual(refs(b))
    expect(refs(a)[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(calls('mget')).toBe(2)
    const keys = cli(['-p', `${server.port}`, 'keys', '*'])
      .trim()
      .split('\n')
      .slice(0, 20)
    expect(keys.filter((key) => !(Number(cli(['-p', `${server.port}`, 'pttl', key])) > 0))).toEqual([])
    for (const store of stores) await store.close()
    await server.stop()
  })
})
