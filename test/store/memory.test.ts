/** What the memory store gives up when room or time runs out. */
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { pack, unpack } from '../../src/store/pack.ts'
import { TestClock } from '../support/clock.ts'

const clock = new TestClock()
const entry = (data: unknown) => ({ data, cachedAt: clock.now(), expiresAt: clock.now() + 1000 })

describe('the memory store', () => {
  it('lets the entries nobody read go first when room runs out', async () => {
    const store = createMemoryStore({ clock, maxEntryBytes: 10_000 })
    const put = (key: string) => store.setMany([{ key, entry: entry('x'.repeat(1900)), keepMs: 60_000 }])
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      await put(key)
      await store.getMany(['a'])
    }
    await put('f')
    const held = await store.getMany(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(held.map((each) => each !== null)).toEqual([true, false, true, true, true, true])
    expect(store.status().usedBytes).toBeLessThanOrEqual(10_000)
  })

  it('keeps nothing that alone is larger than its room', async () => {
    const store = createMemoryStore({ clock, maxEntryBytes: 1000 })
    await store.setMany([{ key: 'large', entry: entry('x'.repeat(2000)), keepMs: 1000 }])
    expect(await store.getMany(['large'])).toEqual([null])
  })

  it('measures age by time passed, not by what the wall clock is set to', async () => {
    const store = createMemoryStore({ clock })
    await store.setMany([{ key: 'a', entry: entry(1), keepMs: 1000 }])
    clock.setWall(clock.now() + 3_600_000)
    expect((await store.getMany(['a']))[0]?.data).toBe(1)
    clock.advance(1000)
    expect(await store.getMany(['a'])).toEqual([null])
  })

  it('lets the oldest records go first when room runs out', async () => {
    const store = createMemoryStore({ clock, maxSnapshotBytes: 2000 })
    const ids = Array.from({ length: 10 }, (_, index) => `${index}`.repeat(64))
    const first = clock.now() - 1000
    for (const [index, id] of ids.entries()) {
      await store.putSnapshots(
        [{ id, body: `{"n":${index}}`, subject: 'price:BTC-USD', takenAt: first + index }],
        60_000,
      )
    }
    expect(await store.snapshot(ids[0] ?? '')).toBeNull()
    expect((await store.snapshot(ids[9] ?? ''))?.body).toBe('{"n":9}')
    expect(await store.newestNotAfter(['price:BTC-USD'], first)).toEqual([null])
    expect(await store.earliest('price:BTC-USD')).toBeGreaterThan(first)
  })
})

describe('a packed record', () => {
  it('unpacks to the same text, and nothing else unpacks', () => {
    for (const body of ['{}', '{"price":"64213.10"}', '"é…"', 'x'.repeat(100_000)])
      expect(unpack(pack(body))).toBe(body)
    expect(() => unpack(Buffer.from('nonsense'))).toThrow('unknown record format')
    expect(() => unpack(Buffer.from([1, 255, 255]))).toThrow(/invalid/)
  })
})
