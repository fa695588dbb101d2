/** The hot tier before simulated venues on real sockets, whose market moves when the test says so. */
import type { Clock } from '../../../src/domain/clock.ts'
import type { Listing, MarketSymbol, Source, Venue } from '../../../src/domain/market.ts'
import { VENUES } from '../../../src/domain/market.ts'
import { createHot } from '../../../src/facade/hot.ts'
import type { HotParts, HotTier } from '../../../src/facade/hot.ts'
import type { Feed } from '../../../src/facade/feed.ts'
import { startSimulation } from '../../../src/sim/simulation.ts'
import type { Simulation, SimulationOptions } from '../../../src/sim/simulation.ts'
import { venues } from '../../../src/sources/index.ts'
import type { Endpoints, VenueSource } from '../../../src/sources/source.ts'
import { createTransport } from '../../../src/wire/http.ts'
import type { Request } from '../../../src/wire/request.ts'
import { TestClock } from '../../support/clock.ts'
import { realClock } from '../../support/real-clock.ts'

export interface Stage {
  readonly sim: Simulation
  readonly hot: HotTier
  /** Every (venue, symbol) that is listed. */
  readonly markets: readonly (readonly [Venue, MarketSymbol])[]
  readonly timers: () => number
  readonly log: readonly string[]
  /** Moves the market on by ticks, letting the sockets deliver after each. */
  run(ticks: number, each?: () => void): Promise<void>
  /** Moves the market on until it is so. */
  until(isSo: () => boolean, what: string): Promise<void>
  allLive(): boolean
  /** One REST question to a venue. */
  ask<T>(venue: Venue, request: Request<T>): Promise<T>
  /** Lets what is on the wire arrive; the market stands still. */
  settle(): Promise<void>
  close(): Promise<void>
}

export const START_AT = Date.UTC(2026, 0, 2, 3, 4, 5)
export const TICK_MS = 100

export async function stage(
  options: Partial<SimulationOptions> & { readonly hotSymbols?: readonly MarketSymbol[] } & Partial<
      Pick<HotParts, 'lingerMs' | 'tapeCapacity' | 'reconcilePrice'>
    > & {
      readonly only?: readonly Venue[]
      readonly extra?: readonly Listing[]
      /** Our own waits run in the market's time too: minutes pass as fast as the sockets deliver. */
      readonly isTurned?: boolean
      /** How much of its time passes with each step of `run`. */
      readonly stepMs?: number
      /** The venues end each connection after this. */
      readonly lifetimeMs?: number
      /** Where the venues are reached; at the simulation itself when absent. */
      readonly through?: (sim: Simulation) => Promise<(venue: Venue) => Endpoints>
    } = {},
): Promise<Stage> {
  const sim = await startSimulation({
    seed: 7,
    symbols: ['BTC-USDT'],
    isManual: true,
    startAt: START_AT,
    tickMs: TICK_MS,
    ...options,
  })
  const { stepMs = TICK_MS } = options
  let timers = 0
  const turned = options.isTurned === true ? new TestClock(START_AT) : null
  const time: Clock = turned ?? realClock
  const clock: Clock = {
    now: sim.now,
    monotonic: () => time.monotonic(),
    after(ms, run) {
      timers += 1
      let isDue = true
      const once = () => {
        if (isDue) timers -= 1
        isDue = false
      }
      const cancel = time.after(ms, () => {
        once()
        run()
      })
      return () => {
        once()
        cancel()
      }
    },
    every(ms, run) {
      timers += 1
      let isOn = true
      const cancel = time.every(ms, run)
      return () => {
        if (isOn) timers -= 1
        isOn = false
        cancel()
      }
    },
  }
  const chosen = options.only ?? VENUES
  const endpoints =
    (await options.through?.(sim)) ??
    ((venue: Venue): Endpoints => sim.endpoints[venue.toLowerCase() as 'kraken'])
  let asking = 0
  const transports = new Map(
    chosen.map((venue) => [
      venue,
      createTransport({
        source: venue,
        endpoints: endpoints(venue),
        clock: realClock,
        budget: { unitsPerMinute: 1_000_000 },
        circuit: { failureThreshold: 5, recoveryTimeoutMs: 200, halfOpenRequests: 3 },
      }),
    ]),
  )
  const listings = new Map<string, Listing>()
  for (const venue of chosen) {
    const reading = await transports.get(venue)?.send(venues[venue].listings())
    if (reading?.ok !== true) throw new Error(`no listings of ${venue}`)
    for (const listing of reading.value) listings.set(`${venue}:${listing.symbol}`, listing)
  }
  for (const listing of options.extra ?? []) listings.set(`${listing.source}:${listing.symbol}`, listing)
  const symbols = [...new Set([...listings.values()].map((listing) => listing.symbol))]
  const listingAt = (symbol: MarketSymbol, source: Source) => listings.get(`${source}:${symbol}`) ?? null
  const log: string[] = []
  const write = (facts: object, message: string) => void log.push(`${message} ${JSON.stringify(facts)}`)
  const hotSymbols = options.hotSymbols ?? options.symbols ?? ['BTC-USDT']
  const hot = createHot({
    venues: chosen.map((venue) =>
      turned === null ? venues[venue] : patient(venues[venue], options.lifetimeMs),
    ),
    endpoints,
    universe: {
      symbols,
      has: (symbol) => symbols.includes(symbol),
      isHot: (symbol) => hotSymbols.includes(symbol),
      listings: (symbol) => [...listings.values()].filter((listing) => listing.symbol === symbol),
      listingAt,
    },
    transport: (venue) => ({
      async send(request, ...rest) {
        asking += 1
        try {
          return await transports.get(venue)!.send(request, ...rest)
        } finally {
          asking -= 1
        }
      },
    }),
    clock,
    random: () => 0.5,
    hotSymbols,
    logger: { info: write, warn: write },
    reconcilePrice: options.reconcilePrice ?? (() => null),
    ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
    ...(options.tapeCapacity === undefined ? {} : { tapeCapacity: options.tapeCapacity }),
  })
  hot.start()
  const markets = chosen.flatMap((venue) =>
    hotSymbols
      .filter((symbol) => listingAt(symbol, venue) !== null)
      .map((symbol) => [venue, symbol] as const),
  )
  const heard = () => chosen.reduce((sum, venue) => sum + (hot.streamHealth(venue)?.messagesTotal ?? 0), 0)
  const settle = async () => {
    // Quiet for a few turns in a row: on a busy machine sockets take as long as they take.
    for (let quiet = 0, before = -1; quiet < 3; quiet = heard() === before && asking === 0 ? quiet + 1 : 0) {
      before = heard()
      await new Promise<void>((resolve) => setTimeout(resolve, 1))
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  const allLive = () => markets.every(([venue, symbol]) => hot.liveBook(symbol, venue, 1) !== null)
  const run = async (ticks: number, each?: () => void) => {
    for (let tick = 0; tick < ticks; tick += 1) {
      sim.step(stepMs)
      await settle()
      turned?.advance(stepMs)
      each?.()
    }
  }
  return {
    sim,
    hot,
    markets,
    timers: () => timers,
    log,
    run,
    settle,
    allLive,
    async ask(venue, request) {
      const reading = await transports.get(venue)!.send(request)
      if (!reading.ok) throw new Error(`${venue}: ${reading.failure.message}`)
      return reading.value
    },
    async until(isSo, what) {
      const deadline = realClock.monotonic() + 20_000
      while (!isSo()) {
        if (realClock.monotonic() > deadline)
          throw new Error(`waited in vain until ${what}\n${log.join('\n')}`)
        await run(1)
      }
    },
    async close() {
      hot.stop()
      await Promise.all([...transports.values()].map((transport) => transport.close()))
      await sim.close()
    },
  }
}

/** Bears more connections a minute than any venue would: a thousand hang-ups need not take hours of its time. */
const patient = (source: VenueSource, lifetimeMs = source.stream.link.lifetimeMs): VenueSource => ({
  ...source,
  stream: { ...source.stream, link: { ...source.stream.link, connectsPerMinute: 100_000, lifetimeMs } },
})

/** What a reader hears from here on. */
export function hear<T>(feed: Feed<T>) {
  const events: T[] = []
  const errors: unknown[] = []
  const close = feed.open({
    next: (event) => void events.push(event),
    end: (error) => void errors.push(error),
  })
  return { events, errors, close }
}
