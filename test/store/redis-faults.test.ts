/** What a Redis that dies, hangs, lies or refuses does to those who ask: nothing but a miss. */
import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { createRedisStore } from '../../src/store/redis.ts'
import type { RedisStore } from '../../src/store/redis.ts'
import { MAX_PENDING } from '../../src/store/gate.ts'
import { printFigure } from '../support/figure.ts'
import { realClock } from '../support/real-clock.ts'
import { cli, startRedis, startSentinel, until } from '../support/redis.ts'

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each()
})

async function redis(args: readonly string[] = []) {
  const server = await startRedis({ args })
  undo.push(server.stop)
  return server
}

function storeAt(url: string, poolSize = 3): RedisStore {
  const store = createRedisStore({ url, prefix: 'cryptorun:', poolSize, maxRetries: 3, clock: realClock })
  undo.push(() => store.close())
  return store
}

async function readyAt(url: string, poolSize?: number): Promise<RedisStore> {
  const store = storeAt(url, poolSize)
  expect(await store.ready(5000), `redis not reached: ${store.status().reason}`).toBe(true)
  return store
}

const entry = (data: unknown) => ({ data, cachedAt: realClock.now(), expiresAt: realClock.now() + 30_000 })
const put = (store: RedisStore, key: string, data: unknown) =>
  store.setMany([{ key, entry: entry(data), keepMs: 300_000 }])

/** Reads `key` at a steady pace; how long each read took, and the most commands that were ever open. */
async function readSteadily(store: RedisStore, key: string, times: number) {
  const durations: number[] = []
  let mostPending = 0
  const reads: Promise<void>[] = []
  for (let count = 0; count < times; count++) {
    const from = performance.now()
    const read = async (): Promise<void> => {
      const [found] = await store.getMany([key])
      durations.push(performance.now() - from)
      if (found === null) throw new Error('a read failed')
    }
    reads.push(read())
    mostPending = Math.max(mostPending, store.status().pending)
    if (count % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(reads)
  durations.sort((a, b) => a - b)
  return { p99: durations[Math.floor(durations.length * 0.99)] ?? 0, max: durations.at(-1) ?? 0, mostPending }
}

describe('two processes on one Redis', () => {
  it('share a lease and a value, and read what is unchanged without parsing it again', async () => {
    const server = await redis()
    const [ours, theirs] = [await readyAt(server.url), await readyAt(server.url)]
    const release = await ours.lease('price:BTC-USD', 5000)
    expect(release).not.toBeNull()
    expect(await theirs.lease('price:BTC-USD', 5000)).toBeNull()
    await put(ours, 'price:BTC-USD', { value: '64213.10' })
    await release?.()
    expect(await theirs.lease('price:BTC-USD', 5000)).not.toBeNull()
    const [[first], [second]] = [
      await theirs.getMany(['price:BTC-USD']),
      await theirs.getMany(['price:BTC-USD']),
    ]
    expect(first?.data).toEqual({ value: '64213.10' })
    expect(second).toBe(first)
  })

  it('a value somebody deleted is gone for both', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    await put(store, 'price:BTC-USD', 1)
    cli(['-p', `${server.port}`, 'flushall'])
    expect(await store.getMany(['price:BTC-USD'])).toEqual([null])
  })
})

describe('when Redis is killed', () => {
  it('goes on answering from memory, with few commands pending, and comes back by itself', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    await put(store, 'price:BTC-USD', { value: '64213.10' })
    await server.kill()
    const { p99, max, mostPending } = await readSteadily(store, 'price:BTC-USD', 2000)
    expect(mostPending).toBeLessThanOrEqual(MAX_PENDING)
    expect(store.status()).toMatchObject({ isConnected: false })
    expect(store.status().reason).toMatch(/^CONNECTION/)

    await put(store, 'price:ETH-USD', { value: '3120.5' })
    expect((await store.getMany(['price:ETH-USD']))[0]?.data).toEqual({ value: '3120.5' })

    await server.restart()
    const from = performance.now()
    await until(() => store.status().isConnected)
    const healed = performance.now() - from
    printFigure(
      `R10 redis killed, 2,000 reads: p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms, pending at most ${mostPending}, healthy ${healed.toFixed(0)} ms after it is up`,
    )
    expect(store.status().reason).toBeNull()
  })

  it('never lets the value from before the outage win over the one cached during it', async () => {
    const server = await redis()
    const [ours, theirs] = [await readyAt(server.url), await readyAt(server.url)]
    await put(theirs, 'price:BTC-USD', { value: 'before' })
    expect((await ours.getMany(['price:BTC-USD']))[0]?.data).toEqual({ value: 'before' })
    server.signal('SIGSTOP')
    for (let count = 0; count < 5; count++) await ours.getMany(['price:BTC-USD'])
    expect(ours.status().isConnected).toBe(false)
    await put(ours, 'price:BTC-USD', { value: 'during' })
    server.signal('SIGCONT')
    await until(() => ours.status().isConnected)
    expect((await ours.getMany(['price:BTC-USD']))[0]?.data).toEqual({ value: 'during' })
    await until(() => theirs.status().isConnected)
    await put(theirs, 'price:BTC-USD', { value: 'after' })
    expect((await ours.getMany(['price:BTC-USD']))[0]?.data).toEqual({ value: 'after' })
  })

  it('writes what was cached during the outage once it is over, but never over what is newer', async () => {
    const server = await redis()
    const [ours, theirs] = [await readyAt(server.url), await readyAt(server.url)]
    const cached = (store: RedisStore, key: string, cachedAt: number, data: string) => {
      const entry = { data, cachedAt, expiresAt: cachedAt + 60_000 }
      return store.setMany([{ key, entry, keepMs: 300_000 }])
    }
    const now = realClock.now()
    server.signal('SIGSTOP')
    for (let count = 0; count < 4; count++) await ours.getMany(['x'])
    expect(ours.status().isConnected).toBe(false)
    for (const key of ['mine', 'newer', 'poisoned', 'other type']) await cached(ours, key, now, 'mine')
    server.signal('SIGCONT')
    // Before ours looks again: what others have written meanwhile.
    await until(() => theirs.status().isConnected)
    await cached(theirs, 'newer', now + 1_000, 'theirs')
    const at = (...args: string[]) => cli(['-p', `${server.port}`, ...args])
    at('set', 'cryptorun:poisoned', 'x'.repeat(100), 'px', '60000')
    at('lpush', 'cryptorun:other type', 'x')
    await until(() => ours.status().isConnected)
    await until(() => at('exists', 'cryptorun:mine').trim() === '1')
    const third = await readyAt(server.url)
    const held = await third.getMany(['mine', 'newer', 'poisoned', 'other type'])
    expect(held.map((each) => each?.data)).toEqual(['mine', 'theirs', 'mine', 'mine'])
    expect(Number(at('pttl', 'cryptorun:mine'))).toBeGreaterThan(200_000)
  })

  it('writes the records of the outage once it is over, so that another process finds them', async () => {
    const server = await redis()
    const [ours, theirs] = [await readyAt(server.url), await readyAt(server.url)]
    await server.kill()
    const record = { id: 'a'.repeat(64), body: '{"a":1}', subject: 'price:BTC-USD', takenAt: realClock.now() }
    await ours.putSnapshots([record], 60_000)
    expect((await ours.newestNotAfter(['price:BTC-USD'], realClock.now()))[0]?.id).toBe(record.id)
    await server.restart()
    await until(() => ours.status().isConnected && theirs.status().isConnected)
    await until(async () => (await theirs.snapshot(record.id)) !== null)
    expect(await theirs.newestNotAfter(['price:BTC-USD'], realClock.now())).toEqual([
      { id: record.id, takenAt: record.takenAt, body: record.body },
    ])
  })
})

describe('when Redis hangs', () => {
  it('waits for a few commands at most, then not at all, and returns when it does', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    await put(store, 'price:BTC-USD', { value: '64213.10' })
    server.signal('SIGSTOP')
    let waits = 0
    while (store.status().isConnected) {
      await store.getMany(['price:BTC-USD'])
      waits += 1
    }
    expect(waits).toBeLessThanOrEqual(5)
    expect(store.status().reason).toBe('TIMEOUT')
    const { p99, mostPending } = await readSteadily(store, 'price:BTC-USD', 1000)
    expect(mostPending).toBe(0)
    server.signal('SIGCONT')
    const from = performance.now()
    await until(() => store.status().isConnected)
    printFigure(
      `R11 redis stopped: ${waits} reads waited, then p99 ${p99.toFixed(1)} ms; healthy ${(performance.now() - from).toFixed(0)} ms after it goes on`,
    )
  })

  it('refuses early instead of queueing when very many ask at once', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    await put(store, 'price:BTC-USD', 1)
    server.signal('SIGSTOP')
    const reads = Array.from({ length: 1000 }, () => store.getMany(['price:BTC-USD']))
    expect(store.status().pending).toBeLessThanOrEqual(MAX_PENDING)
    const found = await Promise.all(reads)
    expect(found.every(([read]) => read?.data === 1)).toBe(true)
    server.signal('SIGCONT')
  })
})

describe('when what Redis holds is not what we wrote', () => {
  const header = Buffer.concat([Buffer.from([0xc7, 1, 0]), Buffer.alloc(12, 9), Buffer.alloc(16)])
  const poison: Readonly<Record<string, string | Buffer>> = {
    'plain text': 'hello',
    'JSON without our header': '{"data":1,"cachedAt":1,"expiresAt":2}',
    'an older schema': Buffer.concat([Buffer.from([0xc7, 0]), header.subarray(2), Buffer.from('{}')]),
    'our header before no JSON': Buffer.concat([header, Buffer.from('{"value":')]),
    'a __proto__ key': Buffer.concat([header, Buffer.from('{"__proto__":{"isPolluted":true}}')]),
    'an escaped __proto__ key': Buffer.concat([
      header,
      Buffer.from('{"\\u005f_proto__":{"isPolluted":true}}'),
    ]),
    'ten megabytes': Buffer.concat([header, Buffer.alloc(10 * 1024 * 1024, 0x31)]),
    nothing: '',
  }

  it('takes it for a miss, counts it, and leaves every prototype alone', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    const direct = new Redis(server.url)
    undo.push(async () => direct.disconnect())
    for (const [name, value] of Object.entries(poison)) {
      await direct.set(`cryptorun:${name}`, value)
      await put(store, `good ${name}`, name)
    }
    const names = Object.keys(poison)
    expect(await store.getMany(names)).toEqual(names.map(() => null))
    expect(store.status().unreadableTotal).toBe(names.length)
    expect((await store.getMany(names.map((name) => `good ${name}`))).map((read) => read?.data)).toEqual(
      names,
    )
    expect('isPolluted' in {}).toBe(false)
  })

  it('takes a key of another type, and a record that cannot be unpacked, for a miss', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    const id = 'b'.repeat(64)
    cli(['-p', `${server.port}`, 'lpush', 'cryptorun:price:BTC-USD', 'x'])
    cli(['-p', `${server.port}`, 'set', `cryptorun:pit:blob:${id}`, 'not a record'])
    expect(await store.getMany(['price:BTC-USD'])).toEqual([null])
    expect(await store.snapshot(id)).toBeNull()
    expect(store.status()).toMatchObject({ isConnected: true, unreadableTotal: 1 })
  })

  it('survives a reply nested a hundred thousand deep', async () => {
    const hostile = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => socket.write('*1\r\n'.repeat(100_000)))
    })
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
    undo.push(() => new Promise((resolve) => hostile.close(resolve)))
    const address = hostile.address()
    const store = storeAt(`redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, 1)
    expect(await store.ready(1500)).toBe(false)
    expect(await store.getMany(['price:BTC-USD'])).toEqual([null])
    await store.close()
  })
})

describe('when Redis refuses', () => {
  it('out of memory: reads go on, the refused write is served from memory, the reason is named', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    await put(store, 'price:BTC-USD', 1)
    cli(['-p', `${server.port}`, 'config', 'set', 'maxmemory', '1'])
    await put(store, 'price:ETH-USD', 2)
    expect((await store.getMany(['price:BTC-USD', 'price:ETH-USD'])).map((read) => read?.data)).toEqual([
      1, 2,
    ])
    expect(store.status()).toMatchObject({ isConnected: true, reason: 'OOM' })
    cli(['-p', `${server.port}`, 'config', 'set', 'maxmemory', '0'])
    await put(store, 'price:ETH-USD', 3)
    expect(store.status().reason).toBeNull()
  })

  it('read-only: reads go on and the reason is named', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    await put(store, 'price:BTC-USD', 1)
    cli(['-p', `${server.port}`, 'config', 'set', 'replica-serve-stale-data', 'yes'])
    cli(['-p', `${server.port}`, 'replicaof', '127.0.0.1', '1'])
    await put(store, 'price:ETH-USD', 2)
    expect((await store.getMany(['price:BTC-USD', 'price:ETH-USD'])).map((read) => read?.data)).toEqual([
      1, 2,
    ])
    expect(store.status()).toMatchObject({ isConnected: true, reason: 'READONLY' })
  })

  it('no password given: everything is answered from memory and the reason is named', async () => {
    const server = await redis(['--requirepass', 'secret'])
    const store = storeAt(server.url)
    await until(() => store.status().reason === 'NOAUTH', 5000, `reason is ${store.status().reason}`)
    await put(store, 'price:BTC-USD', 1)
    expect((await store.getMany(['price:BTC-USD']))[0]?.data).toBe(1)
    expect(store.status().isConnected).toBe(false)
    const withPassword = await readyAt(`redis://:secret@127.0.0.1:${server.port}`)
    expect(withPassword.status().isConnected).toBe(true)
  })

  it('still loading: answers from memory and says so', async () => {
    const loading = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (bytes) => {
        const commands = bytes.toString().match(/\*\d+\r\n/g)?.length ?? 1
        socket.write('-LOADING Redis is loading the dataset in memory\r\n'.repeat(commands))
      })
    })
    await new Promise<void>((resolve) => loading.listen(0, '127.0.0.1', resolve))
    undo.push(() => new Promise((resolve) => loading.close(resolve)))
    const address = loading.address()
    const store = storeAt(`redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, 1)
    await until(() => store.status().reason === 'LOADING', 5000, `reason is ${store.status().reason}`)
    expect(await store.getMany(['price:BTC-USD'])).toEqual([null])
    await store.close()
  })

  it('grants every lease while it cannot be asked', async () => {
    const server = await redis()
    const store = await readyAt(server.url)
    await server.kill()
    await until(() => !store.status().isConnected || store.getMany(['x']).then(() => false))
    const [first, second] = [await store.lease('a', 1000), await store.lease('a', 1000)]
    expect(first).not.toBeNull()
    expect(second).not.toBeNull()
    await first?.()
  })
})

describe('when the master behind Sentinel dies', () => {
  it('writes again once the replica is promoted, and keeps what was acknowledged', async () => {
    const cluster = await startSentinel()
    undo.push(cluster.stop)
    const store = await readyAt(cluster.url)
    await put(store, 'price:BTC-USD', 'acknowledged')
    cli(['-p', `${cluster.master.port}`, 'wait', '1', '1000'])
    await cluster.master.kill()
    const from = performance.now()
    await until(() => !store.status().isConnected || store.getMany(['x']).then(() => false))
    expect((await store.getMany(['price:BTC-USD']))[0]?.data).toBe('acknowledged')
    await until(() => store.status().isConnected, 20_000, 'no master was found again')
    await put(store, 'price:ETH-USD', 'after')
    printFigure(
      `R12 sentinel failover: reached again ${(performance.now() - from).toFixed(0)} ms after the kill`,
    )
    await until(
      () => cli(['-p', `${cluster.replica.port}`, 'exists', 'cryptorun:price:ETH-USD']).trim() === '1',
    )
    const other = await readyAt(cluster.url)
    expect((await other.getMany(['price:BTC-USD']))[0]?.data).toBe('acknowledged')
  })
})
