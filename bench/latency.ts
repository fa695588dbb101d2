/** Row: from a venue's frame to a reader's socket, through everything between; the venue's own stamp is the start. */
import { loadConfig } from '../src/config.ts'
import { pointedAt } from '../src/main.ts'
import type { Simulation } from '../src/sim/simulation.ts'
import { BOOKS } from './support/books.ts'
import { DOCUMENT } from './support/event.mjs'
import { atMost } from './support/report.ts'
import type { Mode, Report } from './support/report.ts'
import { interleaveAll, measure, withServer } from './support/run.ts'
import type { Contender } from './support/run.ts'

const READERS = 1_000

export async function latency({ runs, isQuick }: Mode): Promise<readonly Report[]> {
  const reports: Report[] = []
  // Yoga serves some 7,000 messages a second: the first is about half of what it can, the other half of what we can.
  for (const tickMs of isQuick ? [250] : [250, 25])
    reports.push(await at(tickMs, runs, isQuick ? 4_000 : 8_000))
  return reports
}

const VENUES: Contender = { name: 'venues', script: 'servers/venues.ts' }

type Endpoints = Pick<Simulation, 'endpoints'>

function at(tickMs: number, runs: number, ms: number): Promise<Report> {
  const symbols = [...new Set(BOOKS.map(({ symbol }) => symbol))]
  const env = { BENCH_VENUES: JSON.stringify({ symbols, tickMs }) }
  const use = (_venues: unknown, { endpoints }: Endpoints) => beside({ endpoints, symbols, tickMs, runs, ms })
  return withServer<Report, Endpoints>(VENUES, env, use, 1)
}

interface Contest extends Endpoints {
  readonly symbols: readonly string[]
  readonly tickMs: number
  readonly runs: number
  readonly ms: number
}

async function beside({ endpoints, symbols, tickMs, runs, ms }: Contest): Promise<Report> {
  const shipped = loadConfig({
    LOG_LEVEL: 'silent',
    MAX_SOCKETS_PER_ADDRESS: '100000',
    RATE_LIMIT_PER_MINUTE: '10000000',
  })
  const config = pointedAt({ ...shipped, port: 0, symbols, hotSymbols: symbols }, endpoints)
  const env = { BENCH_CONFIG: JSON.stringify(config), BENCH_BOOKS: JSON.stringify(BOOKS) }
  const isOverYoga = READERS * (1_000 / tickMs) > 6_000
  const contenders: readonly Contender[] = [
    { name: 'ours', script: 'servers/markets.ts', env: { ...env, BENCH_KIND: 'ours' } },
    ...(isOverYoga ? [] : [{ name: 'plain Yoga over our streams', script: 'peers/markets.mjs', env }]),
    {
      name: 'bare relay: the venue’s frames, `ws.send`',
      script: 'servers/markets.ts',
      env: { ...env, BENCH_KIND: 'relay' },
    },
  ]
  const load = {
    sockets: READERS,
    payloads: [BOOKS.map((variables) => ({ query: DOCUMENT, variables }))],
    ms,
    warmMs: 3_000,
    isStamped: true,
  }
  const once = (contender: Contender) =>
    withServer(contender, {}, (server, { service }) =>
      measure(server, 'support/readers.mjs', { port: service, ...load }),
    )
  const readings = await interleaveAll(contenders, once, runs)
  const p99 = (name: string): number => [...readings].find(([each]) => each.startsWith(name))?.[1].p99 ?? NaN
  return {
    title: `Latency: 4 venues × 10 books, ${READERS.toLocaleString('en-US')} readers, ${1_000 / tickMs} books a second each`,
    unit: 'p99 ms',
    isLowBetter: true,
    figures: [...readings].map(([name, reading]) => ({
      name,
      value: reading.p99 ?? NaN,
      also: {
        'p50 ms': (reading.p50 ?? NaN).toFixed(1),
        'delivered/s': reading.perSecond.toFixed(0),
        'server CPU': `${((reading.perSecond * reading.cpuMicrosPerMessage) / 1e4).toFixed(0)} %`,
      },
    })),
    goals: [
      atMost('ours ÷ bare relay', p99('ours') / p99('bare relay'), 2),
      atMost('p99, ms', p99('ours'), 50),
      atMost('stretch: p99, ms', p99('ours'), 10),
    ],
    note: 'Venues move all their books at once, so a burst is written to every reader; stamps are whole milliseconds.',
  }
}
