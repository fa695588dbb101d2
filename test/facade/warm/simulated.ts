/** The whole facade over the simulator: real adapters, real sockets, the machine's own clock. */
import { loadConfig } from '../../../src/config.ts'
import type { Clock } from '../../../src/domain/clock.ts'
import type { Config } from '../../../src/config.ts'
import { SOURCES } from '../../../src/domain/market.ts'
import type { MarketSymbol, Source } from '../../../src/domain/market.ts'
import { createFacade, createTransports } from '../../../src/facade/create.ts'
import type { RunningFacade } from '../../../src/facade/create.ts'
import { startSimulation } from '../../../src/sim/simulation.ts'
import type { Simulation, SourceKey } from '../../../src/sim/simulation.ts'
import { aggregators, venues } from '../../../src/sources/index.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import type { Store } from '../../../src/store/store.ts'
import type { TestClock } from '../../support/clock.ts'
import { realClock } from '../../support/real-clock.ts'

export interface Simulated {
  readonly facade: RunningFacade
  readonly simulation: Simulation
  readonly config: Config
  /** REST requests each source has answered, by path without its query. */
  requests(source: Source, path?: string): number
  readonly store: Store
  /** Turns the clock, where it is one that is turned. */
  advance(ms: number): void
  close(): Promise<void>
}

export async function startSimulated(options: {
  readonly symbols: readonly MarketSymbol[]
  readonly hotSymbols?: readonly MarketSymbol[]
  readonly change?: (config: Config) => Config
  /** Only turned by `advance`, for the facade and the sources alike; the machine's own where absent. */
  readonly turned?: TestClock
  readonly seed?: number
  /** Adapters with something of theirs bent. */
  readonly adapters?: (shipped: typeof venues) => typeof venues
  readonly store?: (clock: Clock) => Store
}): Promise<Simulated> {
  const {
    symbols,
    hotSymbols = [],
    change = (config) => config,
    turned,
    seed = 7,
    adapters = (shipped) => shipped,
  } = options
  const clock = turned ?? realClock
  const simulation = await startSimulation({
    seed,
    symbols,
    ...(turned === undefined ? { now: realClock.now } : { isManual: true, startAt: turned.now() }),
  })
  const shipped = loadConfig({ FACADE_SIMULATED: '1' })
  const sources = Object.fromEntries(
    SOURCES.map((source) => {
      const urls = simulation.endpoints[source.toLowerCase() as SourceKey]
      return [source, { isEnabled: true, ...urls }]
    }),
  ) as Config['sources']
  const config = change({ ...shipped, symbols, hotSymbols, sources })
  const store = options.store?.(clock) ?? createMemoryStore({ clock })
  const bent = adapters(venues)
  const transports = createTransports({ config, clock, venues: bent, aggregators })
  const logger = { info: () => {}, warn: () => {} }
  const facade = createFacade({
    config,
    clock,
    store,
    venues: bent,
    aggregators,
    transports,
    random: () => 0.5,
    logger,
  })
  facade.start()
  await facade.settled()
  return {
    facade,
    simulation,
    config,
    store,
    advance(ms) {
      turned?.advance(ms)
      simulation.step(ms)
    },
    requests(source, path = '') {
      const { requests } = simulation.counts()[source]
      return Object.entries(requests).reduce((sum, [of, count]) => (of.includes(path) ? sum + count : sum), 0)
    },
    async close() {
      await facade.stop()
      await Promise.all(Object.values(transports).map((transport) => transport.close()))
      await simulation.close()
      await store.close()
    },
  }
}

/** Waits for what a stream brings; the simulator's own beat, not a guess at one. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = realClock.monotonic() + 10_000
  while (!isTrue()) {
    if (realClock.monotonic() > deadline) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
