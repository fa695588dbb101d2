/**
 * A process of its own with a facade in it, on a Redis and sources somebody else started. Reads one question a
 * line, `{"method","request","times"}`, puts it to the warm tier so many times at once, and prints the distinct answers.
 */
import { createInterface } from 'node:readline'
import type { Config } from '../../../src/config.ts'
import { createFacade, createTransports } from '../../../src/facade/create.ts'
import { aggregators, venues } from '../../../src/sources/index.ts'
import { createRedisStore } from '../../../src/store/redis.ts'
import { realClock as clock } from '../../support/real-clock.ts'

export interface Question {
  readonly method:
    | 'prices'
    | 'volumes'
    | 'vadr'
    | 'liquidity'
    | 'funding'
    | 'openInterest'
    | 'klines'
    | 'book'
  readonly request: object
  readonly times?: number
}

const config = JSON.parse(process.env['FACADE_CONFIG'] ?? '{}') as Config
const { url, prefix, poolSize } = config.redis
const store = createRedisStore({ url: url ?? '', prefix, poolSize, maxRetries: 5, clock })
await store.ready(10_000)
const logger = { info: () => {}, warn: () => {} }
const transports = createTransports({ config, clock, venues, aggregators })
const facade = createFacade({
  config,
  clock,
  store,
  venues,
  aggregators,
  transports,
  random: Math.random,
  logger,
})
facade.start()
await facade.settled()

type Ask = (request: unknown) => Promise<unknown>

async function answersTo({ method, request, times = 1 }: Question): Promise<readonly string[]> {
  const ask = facade.warm[method] as unknown as Ask
  const isAlone = method === 'klines' || method === 'book'
  const answers = await Promise.all(Array.from({ length: times }, () => ask(isAlone ? request : [request])))
  return [...new Set(answers.map((answer) => JSON.stringify(isAlone ? answer : (answer as unknown[])[0])))]
}

process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answersTo(JSON.parse(line) as Question))}\n`)
}
await facade.stop()
process.exit(0)
