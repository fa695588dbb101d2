/** Two processes of the operating system on one Redis, before simulated venues that count who asks them. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import { pointedAt } from '../../../src/main.ts'
import { startSimulation } from '../../../src/sim/simulation.ts'
import type { Simulation } from '../../../src/sim/simulation.ts'
import { realClock } from '../../support/real-clock.ts'
import { startRedis } from '../../support/redis.ts'
import type { RedisServer } from '../../support/redis.ts'
import type { Question } from './process.ts'

const ROOT = join(import.meta.dirname, '../../..')
const SYMBOLS = ['BTC-USD', 'ETH-USD', 'ADA-USD', 'USDT-USD', 'BTC-USDT', 'ADA-USDT']

interface Child {
  ask(question: Question): Promise<readonly string[]>
  stop(): Promise<void>
}

let redis: RedisServer
let simulation: Simulation
let children: readonly Child[] = []

beforeAll(async () => {
  redis = await startRedis()
  simulation = await startSimulation({ seed: 5, symbols: SYMBOLS, now: realClock.now })
  const shipped = loadConfig({ REDIS_URL: redis.url, LOG_LEVEL: 'silent' })
  const config = pointedAt({ ...shipped, symbols: SYMBOLS, hotSymbols: [] }, simulation.endpoints)
  children = await Promise.all([startChild(config), startChild(config)])
})
afterAll(async () => {
  await Promise.all(children.map((child) => child.stop()))
  await simulation.close()
  await redis.stop()
})

async function startChild(config: object): Promise<Child> {
  const child = spawn(join(ROOT, 'node_modules/.bin/node'), ['test/facade/warm/process.ts'], {
    cwd: ROOT,
    env: { ...process.env, FACADE_CONFIG: JSON.stringify(config) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the process has ended')
    return value as string
  }
  expect(await next()).toBe('ready')
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`)
      return JSON.parse(await next()) as string[]
    },
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await gone
    },
  }
}

/** What both answer, in order, and the requests it put to the simulated sources, by path. */
async function both(question: Question) {
  const before = requests()
  const answers = await Promise.all(children.map((child) => child.ask(question)))
  const after = requests()
  const asked = Object.keys(after).flatMap((path) => {
    const count = (after[path] ?? 0) - (before[path] ?? 0)
    return count === 0 ? [] : [[path, count] as const]
  })
  return { answers: answers.flat(), asked: Object.fromEntries(asked) }
}

const requests = (): Record<string, number> =>
  Object.fromEntries(
    Object.entries(simulation.counts()).flatMap(([source, counts]) =>
      Object.entries(counts.requests).map(([path, count]) => [`${source} ${path}`, count]),
    ),
  )

interface Answer {
  readonly ok: boolean
  readonly value: {
    readonly attribution: {
      readonly snapshot: { readonly takenAt: number }
      readonly cache: { readonly status: string } | null
    }
  }
}
const answerOf = (text: string): Answer => JSON.parse(text) as Answer

it('ask each source once for a thousand cold reads of one price', async () => {
  const { answers, asked } = await both({
    method: 'prices',
    request: { symbol: 'ETH-USD', method: null, asOf: null },
    times: 500,
  })
  expect(answers.every((each) => answerOf(each).ok)).toBe(true)
  expect(asked).toEqual({
    'COINGECKO /api/v3/simple/price': 1,
    'COINPAPRIKA /v1/tickers': 1,
  })
})

it('ask each venue once for a thousand cold reads of its candles', async () => {
  const { answers, asked } = await both({
    method: 'klines',
    request: { symbol: 'ADA-USDT', interval: 'H1', last: 90, before: null, asOf: null },
    times: 500,
  })
  expect(answers.every((each) => answerOf(each).ok)).toBe(true)
  const counts = Object.values(asked)
  expect(Object.keys(asked).map((path) => path.split(' ')[0])).toEqual([
    'BINANCE',
    'OKX',
    'COINBASE',
    'KRAKEN',
  ])
  expect(counts.every((count) => count === 1)).toBe(true)
})

it('ask once for a surge, a depth, a funding rate and an open interest', async () => {
  const at = { symbol: 'ADA-USDT', asOf: null }
  const surge = await both({
    method: 'vadr',
    request: { ...at, symbol: 'ADA-USD', venue: 'KRAKEN' },
    times: 100,
  })
  expect(surge.asked).toEqual({ 'KRAKEN /0/public/OHLC': 1 })
  const depth = await both({
    method: 'liquidity',
    request: { ...at, venue: 'BINANCE', withinPercent: 1 },
    times: 100,
  })
  expect(depth.asked).toEqual({ 'BINANCE /api/v3/depth': 1 })
  const funding = await both({ method: 'funding', request: { ...at, venue: 'BINANCE' }, times: 100 })
  expect(funding.asked).toEqual({
    'BINANCE /fapi/v1/fundingInfo': 1,
    'BINANCE /fapi/v1/premiumIndex': 1,
  })
  const interest = await both({ method: 'openInterest', request: { ...at, venue: 'OKX' }, times: 100 })
  expect(interest.asked).toEqual({ 'OKX /api/v5/public/open-interest': 1 })
})

const past: readonly (readonly [string, Question])[] = [
  ['price', { method: 'prices', request: { symbol: 'ETH-USD', method: null } }],
  ['price by the other method', { method: 'prices', request: { symbol: 'ETH-USD', method: 'TRIMMED_MEAN' } }],
  ['volume', { method: 'volumes', request: { symbol: 'ETH-USD' } }],
  ['volume surge', { method: 'vadr', request: { symbol: 'ADA-USDT', venue: 'OKX' } }],
  ['funding', { method: 'funding', request: { symbol: 'ADA-USDT', venue: 'BINANCE' } }],
  ['open interest', { method: 'openInterest', request: { symbol: 'ADA-USDT', venue: 'OKX' } }],
  ['liquidity', { method: 'liquidity', request: { symbol: 'ADA-USDT', venue: 'BINANCE', withinPercent: 1 } }],
  ['candles', { method: 'klines', request: { symbol: 'ADA-USDT', interval: 'H1', last: 90, before: null } }],
  ['book', { method: 'book', request: { symbol: 'ADA-USDT', venue: 'BINANCE', depth: 20 } }],
]

it.each(past)('give the same bytes for one past instant: %s', async (_, { method, request }) => {
  const present = await both({ method, request: { ...request, asOf: null } })
  const takenAt = Math.max(
    ...present.answers.map((each) => answerOf(each).value.attribution.snapshot?.takenAt ?? 0),
  )
  const { answers, asked } = await both({ method, request: { ...request, asOf: takenAt }, times: 3 })
  expect(answers).toHaveLength(2)
  expect(answers[0]).toBe(answers[1])
  expect(answerOf(answers[0] ?? '')).toMatchObject({
    ok: true,
    value: { attribution: { cache: null, snapshot: { takenAt } } },
  })
  expect(asked).toEqual({})
})
