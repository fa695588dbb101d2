/**
 * Row: what trouble costs. Each line is one fault, the figure under it and the same figure without it, both of
 * this run. Nothing is asserted here: the tests assert counts and states, this prints times.
 */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { createMemoryStore } from '../src/store/memory.ts'
import { createRedisStore } from '../src/store/redis.ts'
import { streamOf, topic } from '../src/facade/stream.ts'
import type { Book } from '../src/domain/answer.ts'
import { answered } from '../src/domain/errors.ts'
import { BOMBS } from '../test/server/bombs.ts'
import { serveProtected } from '../test/server/protected.ts'
import { book, stillFacade } from '../test/support/facade.ts'
import { realClock as clock } from '../test/support/real-clock.ts'
import { startRedis } from '../test/support/redis.ts'

export interface Line {
  readonly fault: string
  readonly without: string
  readonly under: string
  readonly bound: string
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`
const pause = (wait: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, wait))
const MANY = { MAX_SOCKETS_PER_ADDRESS: '20000', MAX_SOCKETS: '20000' }
const LADDER =
  'subscription { book(symbol: "BTC-USD", venue: COINBASE) { sequence bids { price size } asks { price size } attribution { text } } }'

export async function resilience(): Promise<readonly Line[]> {
  const lines: Line[] = []
  for (const measure of [stoppedReaders, bombs, slowloris, muteSockets, reconnects, lostRedis]) {
    lines.push(...(await measure()))
  }
  return lines
}

/** R17: five readers that stop reading, a thousand messages a second. */
async function stoppedReaders(): Promise<readonly Line[]> {
  const feed = topic<Book>()
  const still = stillFacade()
  const hot = {
    ...still.hot,
    book: () => answered(streamOf<Book>({ feed, backlog: { kind: 'newest' }, keyOf: () => '' }, clock)),
  }
  const served = await serveProtected({ facade: { ...still, hot }, clock, env: MANY })
  const readers = await Promise.all(Array.from({ length: 20 }, () => subscribed(served.wsUrl)))
  const latencies: number[] = []
  for (const socket of readers) {
    socket.on('message', (data) => {
      const sentAt = Number(/"sequence":"([\d.]+)"/.exec(String(data))?.[1])
      if (sentAt > 0) latencies.push(performance.now() - sentAt)
    })
  }
  const run = async (forMs: number): Promise<number> => {
    latencies.length = 0
    const stop = clock.every(1, () =>
      feed.publish({ ...book('BTC-USD', 'COINBASE'), sequence: String(performance.now()) }),
    )
    await pause(forMs)
    stop()
    return at(latencies, 0.99)
  }
  await run(8_000)
  const without = await run(5_000)
  const stopped = await Promise.all(Array.from({ length: 5 }, () => subscribed(served.wsUrl)))
  for (const socket of stopped) socket.pause()
  const before = process.memoryUsage().rss
  const under = await run(24_000)
  const grown = (process.memoryUsage().rss - before) / 2 ** 20
  const left = served.subscriptions() - readers.length
  for (const socket of [...readers, ...stopped]) socket.terminate()
  await served.stop()
  return [
    {
      fault: 'R17 five readers stopped, 1,000 messages/s: p99 of the others',
      without: ms(without),
      under: ms(under),
      bound: '< +5 ms',
    },
    {
      fault: 'R17 memory they cost; those not let go after 24 s',
      without: '0 MB',
      under: `${grown.toFixed(0)} MB; ${left}`,
      bound: '< +20 MB; 0',
    },
  ]
}

/** R30: documents made to cost, beside an honest query. */
async function bombs(): Promise<readonly Line[]> {
  const served = await serveProtected({ clock })
  const timed = async (query: string): Promise<number> => {
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      const from = performance.now()
      const response = await served.post({ query: `${query} #${round}` })
      await response.text()
      times.push(performance.now() - from)
    }
    return at(times, 0.5)
  }
  await timed('{ symbols }')
  const without = await timed('{ symbols }')
  let worst = { name: '', took: 0 }
  for (const [name, query] of Object.entries(BOMBS)) {
    const took = await timed(query)
    if (took > worst.took) worst = { name, took }
  }
  await served.stop()
  return [
    {
      fault: `R30 the dearest bomb (${worst.name}), refused`,
      without: ms(without),
      under: ms(worst.took),
      bound: '< 15 ms',
    },
  ]
}

/** R37: a thousand connections that never finish their headers. */
async function slowloris(): Promise<readonly Line[]> {
  const served = await serveProtected({ clock, env: MANY })
  const without = await queryP99(served)
  const sockets = await Promise.all(Array.from({ length: 1_000 }, () => opened(served.port)))
  let closed = 0
  for (const socket of sockets) {
    socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\nx-slow: ')
    socket.on('close', () => closed++)
    socket.on('error', () => undefined)
    socket.resume()
  }
  const from = performance.now()
  const under = await queryP99(served)
  while (closed < sockets.length && performance.now() - from < 20_000) await pause(50)
  const took = performance.now() - from
  await served.stop()
  return [
    {
      fault: 'R37 1,000 slowloris: p99 of a good query',
      without: ms(without),
      under: ms(under),
      bound: '< 50 ms',
    },
    {
      fault: 'R37 all of them closed within',
      without: '',
      under: `${closed} in ${ms(took)}`,
      bound: '1,000 in ≤ 10 s',
    },
  ]
}

/** R21: WebSockets that never say who they are. */
async function muteSockets(): Promise<readonly Line[]> {
  const served = await serveProtected({ clock, env: MANY })
  const without = await queryP99(served)
  const codes: number[] = []
  const from = performance.now()
  const sockets = Array.from({ length: 2_000 }, () => new WebSocket(served.wsUrl, 'graphql-transport-ws'))
  for (const socket of sockets) {
    socket.on('close', (code) => codes.push(code))
    socket.on('error', () => undefined)
  }
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  const under = await queryP99(served)
  while (codes.length < sockets.length && performance.now() - from < 20_000) await pause(20)
  const took = performance.now() - from
  await served.stop()
  return [
    {
      fault: 'R21 2,000 mute sockets: p99 of a good query',
      without: ms(without),
      under: ms(under),
      bound: '< 250 ms',
    },
    {
      fault: 'R21 closed with 4408, from the first upgrade on',
      without: '',
      under: `${codes.filter((code) => code === 4408).length} in ${ms(took)}`,
      bound: '2,000, each 3 s after its own upgrade',
    },
  ]
}

/** R23: everyone is cut and comes back. */
async function reconnects(): Promise<readonly Line[]> {
  const served = await serveProtected({ clock, env: MANY })
  const count = 2_000
  const first = await Promise.all(Array.from({ length: count }, () => subscribed(served.wsUrl)))
  for (const socket of first) socket.terminate()
  const from = performance.now()
  while (served.subscriptions() > 0 && performance.now() - from < 20_000) await pause(5)
  const freed = performance.now() - from
  const again = performance.now()
  const second = await Promise.all(Array.from({ length: count }, () => subscribed(served.wsUrl)))
  while (served.subscriptions() < count && performance.now() - again < 20_000) await pause(5)
  const back = performance.now() - again
  for (const socket of second) socket.terminate()
  await served.stop()
  return [
    {
      fault: 'R23 2,000 readers terminated: freed; all back',
      without: '',
      under: `${ms(freed)}; ${ms(back)}`,
      bound: '5 s; < 10 s',
    },
  ]
}

/** R10: Redis killed under a thousand reads a second. */
async function lostRedis(): Promise<readonly Line[]> {
  const redis = await startRedis()
  const options = { url: redis.url, prefix: 'bench:', poolSize: 10, maxRetries: 3, clock }
  const store = createRedisStore({ ...options, fallback: createMemoryStore({ clock }) })
  await store.ready(2_000)
  const entry = { data: { price: '64213.45' }, cachedAt: clock.now(), expiresAt: clock.now() + 60_000 }
  await store.setMany([{ key: 'price:BTC-USD', entry, keepMs: 60_000 }])
  let failed = 0
  const run = async (forMs: number): Promise<number[]> => {
    const times: number[] = []
    const pending: Promise<void>[] = []
    const stop = clock.every(1, () => {
      const from = performance.now()
      pending.push(
        store.getMany(['price:BTC-USD']).then(
          () => void times.push(performance.now() - from),
          () => void failed++,
        ),
      )
    })
    await pause(forMs)
    stop()
    await Promise.all(pending)
    return times
  }
  const calm = await run(3_000)
  const outage = run(6_000)
  await pause(500)
  await redis.kill()
  const times = await outage
  await redis.restart()
  const from = performance.now()
  while (!store.status().isConnected && performance.now() - from < 10_000) await pause(5)
  const healed = performance.now() - from
  await store.close()
  await redis.stop()
  return [
    {
      fault: 'R10 Redis killed at 1,000 reads/s: p99; longest; failed',
      without: `${ms(at(calm, 0.99))}; ${ms(at(calm, 1))}; 0`,
      under: `${ms(at(times, 0.99))}; ${ms(at(times, 1))}; ${failed}`,
      bound: '< 50 ms; < 300 ms; 0',
    },
    { fault: 'R10 healthy again after Redis is up', without: '', under: ms(healed), bound: '≤ 1.5 s' },
  ]
}

async function queryP99({ post }: { post: (body: unknown) => Promise<Response> }): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 200; round++) {
    const from = performance.now()
    await (await post({ query: '{ symbols }' })).text()
    times.push(performance.now() - from)
  }
  return at(times, 0.99)
}

async function subscribed(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, 'graphql-transport-ws')
  socket.on('error', () => undefined)
  await once(socket, 'open')
  const acknowledged = once(socket, 'message')
  socket.send('{"type":"connection_init"}')
  await acknowledged
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: LADDER } }))
  return socket
}

function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  return once(socket, 'connect').then(() => socket)
}

function at(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN
}

export function asMarkdown(lines: readonly Line[]): string {
  const rows = lines.map(
    ({ fault, without, under, bound }) => `| ${fault} | ${without} | ${under} | ${bound} |`,
  )
  return ['| fault | without it | under it | goal |', '|---|---|---|---|', ...rows].join('\n')
}

if (import.meta.main) {
  process.stdout.write(`${asMarkdown(await resilience())}\n`)
  process.exit(0)
}
