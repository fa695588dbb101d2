/** Part of the warm row: what one query costs Redis and the sources against the number of its symbols, cold and warm. */
import { createLogger, startApp } from '../src/app.ts'
import { startSimulation } from '../src/sim/simulation.ts'
import type { Simulation } from '../src/sim/simulation.ts'
import { realClock } from '../test/support/real-clock.ts'
import { cli, startRedis } from '../test/support/redis.ts'
import type { Report } from './support/report.ts'
import { warmConfig } from './warm-config.ts'

const SIZES = [1, 10, 100, 500]
const WARM_ROUNDS = 50
const SYMBOLS = Array.from({ length: 500 }, (_, at) => `E${String(at).padStart(3, '0')}-USD`)
const QUERY = 'query Prices($symbols: [Symbol!]!) { markets(symbols: $symbols) { price { value } } }'

interface Cost {
  readonly commands: number
  readonly requests: number
  readonly ms: readonly number[]
}

export async function economy(): Promise<readonly Report[]> {
  const figures: Report['figures'][number][] = []
  for (const size of SIZES) {
    const { cold, warm, single, hitRate } = await measured(SYMBOLS.slice(0, size))
    figures.push({
      name: size === 1 ? '1 symbol' : `${size} symbols`,
      value: at(warm.ms, 0.5),
      also: {
        'p99 ms': at(warm.ms, 0.99).toFixed(1),
        'cold ms': at(cold.ms, 0.5).toFixed(0),
        'Redis reads, warm / cold': `${warm.commands / WARM_ROUNDS} / ${cold.commands}`,
        'requests to sources, warm / cold': `${warm.requests} / ${cold.requests}`,
        'hit rate': `${(hitRate * 100).toFixed(1)} %`,
        'asked one by one: Redis reads, ms': `${single.commands}, ${single.ms.reduce((sum, ms) => sum + ms, 0).toFixed(0)}`,
      },
    })
  }
  return [
    {
      title: 'Warm: what one query costs, against its symbols (Redis)',
      unit: 'p50 ms, warm',
      isLowBetter: true,
      figures,
      goals: [],
      note: "Reads as Redis itself counted them (`INFO commandstats`), requests as the simulated sources did. A cold query also looks for the sources' tables, and writes its prices in one round trip.",
    },
  ]
}

async function measured(symbols: readonly string[]) {
  const simulation = await startSimulation({ seed: 5, symbols: SYMBOLS, now: realClock.now })
  const redis = await startRedis()
  const app = await startApp(warmConfig(SYMBOLS, simulation, redis.url), createLogger('silent'))
  await app.facade.settled()
  const port = String(redis.port)
  const ask = async (asked: readonly string[]): Promise<number> => {
    const from = performance.now()
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: QUERY, variables: { symbols: asked } }),
    })
    const text = await response.text()
    if (text.includes('"errors"')) throw new Error(text.slice(0, 300))
    return performance.now() - from
  }
  const costOf = async (run: () => Promise<readonly number[]>): Promise<Cost> => {
    cli(['-p', port, 'config', 'resetstat'])
    const before = requestsTo(simulation)
    const ms = await run()
    return { ms, requests: requestsTo(simulation) - before, commands: commandsAt(port) }
  }
  try {
    const cold = await costOf(async () => [await ask(symbols)])
    const before = app.facade.health().cache
    const warm = await costOf(() => inTurn(WARM_ROUNDS, () => ask(symbols)))
    const after = app.facade.health().cache
    const hits = after.hitsTotal - before.hitsTotal
    const hitRate = hits / (hits + after.missesTotal - before.missesTotal)
    const single = await costOf(() => inTurn(symbols.length, (turn) => ask(symbols.slice(turn, turn + 1))))
    return { cold, warm, single, hitRate }
  } finally {
    await app.close()
    await redis.stop()
    await simulation.close()
  }
}

async function inTurn(times: number, ask: (turn: number) => Promise<number>): Promise<readonly number[]> {
  const all: number[] = []
  for (let turn = 0; turn < times; turn++) all.push(await ask(turn))
  return all
}

const requestsTo = (simulation: Simulation): number =>
  Object.values(simulation.counts()).reduce(
    (sum, { requests }) => sum + Object.values(requests).reduce((all, count) => all + count, 0),
    0,
  )

/** Commands that read values. Writes leave behind the answer's back, one trip for a whole query. */
function commandsAt(port: string): number {
  const lines = cli(['-p', port, 'info', 'commandstats']).matchAll(/cmdstat_(\w+)[^:]*:calls=(\d+)/g)
  let sum = 0
  for (const [, name, calls] of lines) if (name === 'mget' || name === 'get') sum += Number(calls)
  return sum
}

const at = (values: readonly number[], quantile: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * quantile))] ??
  Number.NaN
