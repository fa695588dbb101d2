/**
 * What one GraphQL operation costs, counted where it is paid: commands at a real Redis, requests at the
 * sources. For what is held, and for what is not.
 */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { graphql } from 'graphql'
import { buildSchema, createContext } from '../../../src/graphql/schema.ts'
import { createRedisStore } from '../../../src/store/redis.ts'
import { printFigure } from '../../support/figure.ts'
import { realClock } from '../../support/real-clock.ts'
import { cli, startRedis } from '../../support/redis.ts'
import type { RedisServer } from '../../support/redis.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

const SIZES = [1, 10, 100, 500] as const
const symbols = ['USDT-USD', ...Array.from({ length: 500 }, (_, index) => `C${index}-USD`)]
const schema = buildSchema()
const PRICES = 'query ($symbols: [Symbol!]!) { markets(symbols: $symbols) { price { value } } }'
const ALL = `query ($symbols: [Symbol!]!) { markets(symbols: $symbols) {
  price { value attribution { text } } volume24h { value } usual: price(method: TRIMMED_MEAN) { value } } }`

let redis: RedisServer
let stage: Stage
let monitor: Redis

interface Cost {
  /** Commands our process sent, by name. */
  readonly sent: Readonly<Record<string, number>>
  /** Commands Redis ran, those inside its scripts included. */
  readonly ran: Readonly<Record<string, number>>
  /** Requests, by source that was asked. */
  readonly upstream: Readonly<Record<string, number>>
}

beforeAll(async () => {
  redis = await startRedis()
  // Redis lives by the machine's clock, so the facade does too.
  const store = createRedisStore({
    url: redis.url,
    prefix: 'test:',
    poolSize: 2,
    maxRetries: 5,
    clock: realClock,
  })
  await store.ready(5_000)
  stage = await openStage({ symbols, store: () => store, realClock })
  monitor = await new Redis(redis.url).monitor()
})
afterAll(async () => {
  monitor.disconnect()
  await stage.close()
  await stage.store.close()
  await redis.stop()
})

async function ask(query: string, size: number): Promise<void> {
  const contextValue = createContext({
    facade: stage.facade,
    signal: new AbortController().signal,
    requestId: 'r',
    principal: null,
  })
  const variableValues = { symbols: symbols.slice(1, size + 1) }
  const { errors } = await graphql({ schema, source: query, variableValues, contextValue })
  expect(errors).toBeUndefined()
}

/** Records are written a moment later; their commands belong to the operation too. */
async function settle(): Promise<void> {
  const written = () => stage.facade.health().snapshots.writtenTotal
  let before = Number.NaN
  while (written() !== before || stage.store.status().pending > 0) {
    before = written()
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}
const at = (...args: string[]) => cli(['-p', `${redis.port}`, ...args])
const OF_CONNECTING = new Set(['info', 'ping', 'client', 'hello', 'config', 'command', 'select', 'flushall'])

async function costOf(work: () => Promise<void>): Promise<Cost> {
  await settle()
  at('config', 'resetstat')
  const sent: Record<string, number> = {}
  const count = (_time: string, [name = '']: string[], source: string) => {
    const command = name.toLowerCase()
    if (source !== 'lua' && !OF_CONNECTING.has(command)) sent[command] = (sent[command] ?? 0) + 1
  }
  monitor.on('monitor', count)
  const before = { ...stage.counts }
  await work()
  await settle()
  monitor.off('monitor', count)
  const ran = [...at('info', 'commandstats').matchAll(/cmdstat_([^:|]+)[^:]*:calls=(\d+)/g)].flatMap(
    ([, name = '', calls]) => (OF_CONNECTING.has(name) ? [] : [[name, Number(calls)] as const]),
  )
  const asked = Object.entries(stage.counts).map(
    ([source, count]) => [source, count - before[source as keyof typeof before]] as const,
  )
  const upstream = Object.fromEntries(asked.filter(([, count]) => count > 0))
  return { sent, ran: Object.fromEntries(ran), upstream }
}

const forget = async (): Promise<void> => {
  await settle()
  at('flushall')
}

it('is one MGET and no request for 1, 10, 100 and 500 prices that are held', async () => {
  await ask(PRICES, 500)
  for (const size of SIZES) {
    const { sent, ran, upstream } = await costOf(() => ask(PRICES, size))
    expect({ sent, ran, upstream }).toEqual({ sent: { mget: 1 }, ran: { mget: 1 }, upstream: {} })
  }
})

it('is still one MGET when several kinds are asked for together', async () => {
  await ask(ALL, 500)
  for (const size of SIZES) {
    const { sent, upstream } = await costOf(() => ask(ALL, size))
    expect({ sent, upstream }).toEqual({ sent: { mget: 1 }, upstream: {} })
  }
})

it('is the same few commands and the same requests for 1, 10, 100 and 500 that are not', async () => {
  const costs: Cost[] = []
  for (const size of SIZES) {
    await forget()
    costs.push(await costOf(() => ask(PRICES, size)))
  }
  for (const [index, { sent, ran, upstream }] of costs.entries()) {
    const line = (of: Readonly<Record<string, number>>) =>
      Object.entries(of)
        .map(([name, calls]) => `${calls} ${name}`)
        .join(', ')
    printFigure(
      `${String(SIZES[index]).padStart(3)} cold prices: asked ${line(upstream)}; sent ${line(sent)}; run inside Redis ${line(ran)}`,
    )
    // All 501 configured coins are asked for whatever is wanted: CoinGecko takes 200 a request, CoinPaprika all.
    expect(upstream).toEqual({ COINGECKO: 3, COINPAPRIKA: 1 })
  }
  const [one] = costs
  // Records go two hundred to a script, behind the answer's back; nothing else depends on how many.
  const beside = costs.map(({ sent: { eval: scripts = 0, ...rest } }, index) => {
    return { ...rest, eval: scripts - Math.ceil((SIZES[index] ?? 0) / 200) }
  })
  expect(beside).toEqual(SIZES.map(() => ({ ...one?.sent, eval: (one?.sent['eval'] ?? 0) - 1 })))
})
