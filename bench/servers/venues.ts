/** The simulated venues in a process of their own; says where they are. */
import { startSimulation } from '../../src/sim/simulation.ts'
import { realClock } from '../../test/support/real-clock.ts'

const options = JSON.parse(process.env['BENCH_VENUES'] ?? '{}') as {
  readonly symbols: readonly string[]
  readonly tickMs: number
}
const simulation = await startSimulation({ seed: 5, now: realClock.now, tradesPerSecond: 1, ...options })
process.stdout.write(`${JSON.stringify({ endpoints: simulation.endpoints })}\n`)
