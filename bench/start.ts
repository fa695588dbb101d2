/** Row: from `node` to the first answer and to the first live book, and what is resident then. */
import { BOOKS } from './support/books.ts'
import { medianOf } from './support/report.ts'
import type { Mode, Report } from './support/report.ts'
import { rssBytes, withServer } from './support/run.ts'
import type { Contender } from './support/run.ts'
import { startSimulation } from '../src/sim/simulation.ts'
import { pointedAt } from '../src/main.ts'
import { loadConfig } from '../src/config.ts'
import { realClock } from '../test/support/real-clock.ts'

const symbols = [...new Set(BOOKS.map(({ symbol }) => symbol))]
const FIRST = '{ book(symbol: "BTC-USD", venue: COINBASE, depth: 1) { state } }'

export async function start({ runs }: Mode): Promise<readonly Report[]> {
  const simulation = await startSimulation({ seed: 9, symbols, now: realClock.now })
  const shipped = { ...loadConfig({ LOG_LEVEL: 'silent' }), port: 0, symbols, hotSymbols: symbols }
  const config = JSON.stringify(pointedAt(shipped, simulation.endpoints))
  const cold: Contender = { name: 'ours', script: 'servers/cold.ts', env: { BENCH_CONFIG: config } }
  const listening: number[] = []
  const live: number[] = []
  const resident: number[] = []
  for (let run = 0; run < runs; run++) {
    const began = performance.now()
    await withServer(cold, {}, async (server, { service }) => {
      listening.push(performance.now() - began)
      while (!(await isLive(service))) await new Promise((resolve) => setTimeout(resolve, 10))
      live.push(performance.now() - began)
      resident.push(rssBytes(server.pid) / 1e6)
    })
  }
  await simulation.close()
  return [
    {
      title: `Cold start: the whole application, ${symbols.length} symbols at four venues`,
      unit: 'ms',
      isLowBetter: true,
      figures: [
        { name: 'first live book answered', value: medianOf(live) },
        { name: 'listening', value: medianOf(listening) },
      ],
      goals: [],
      note: `Resident memory at the first live book: ${medianOf(resident).toFixed(0)} MB.`,
    },
  ]
}

async function isLive(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: FIRST }),
  })
  return (await response.text()).includes('"LIVE"')
}
