/**
 * Six simulated sources on local ports, speaking the real wire formats, driven by one seeded market. Hides ports,
 * ticks and who trades what where.
 */
import { baseOf, isVenue, quoteOf, SOURCES } from '../domain/market.ts'
import type { Aggregator, MarketSymbol, Source, Venue } from '../domain/market.ts'
import { coingeckoRest, coinpaprikaRest } from './aggregators.ts'
import { binanceServer } from './binance.ts'
import { coinbaseServer } from './coinbase.ts'
import { STABLE } from './coins.ts'
import { openControl } from './control.ts'
import { noCounts } from './counts.ts'
import type { Counts } from './counts.ts'
import { endpointsOf } from './endpoints.ts'
import type { SimEndpoints, SourceKey } from './endpoints.ts'
import { Faults } from './faults.ts'
import type { Fault, FaultCommand } from './faults.ts'
import { openDoor } from './http.ts'
import type { Door } from './http.ts'
import { krakenServer } from './kraken.ts'
import { Market } from './market.ts'
import { okxServer } from './okx.ts'
import type { Site, VenueServer, VenueSite } from './site.ts'
import { strikeAtOnce } from './strikes.ts'
import { handTime, realTime } from './time.ts'
import type { SimTime } from './time.ts'
import { bookOf, tradesOf } from './truth.ts'
import type { TrueBook, TrueTrade } from './truth.ts'
import { createWorld } from './world.ts'

export type { Counts } from './counts.ts'
export type { SimEndpoints, SourceKey } from './endpoints.ts'
export type { FaultCommand } from './faults.ts'
export type { TrueBook, TrueTrade } from './truth.ts'

export interface SimulationOptions {
  readonly seed: number
  /** Ours: `BTC-USD`, `BTC-USDT`. Venues list what they would in life. */
  readonly symbols: readonly MarketSymbol[]
  readonly host?: string
  readonly tickMs?: number
  /** No timers: the caller turns the clock with `step`. */
  readonly isManual?: boolean
  /** Where a manual clock begins; `now()` when absent. */
  readonly startAt?: number
  readonly now?: () => number
  /** Frames a second of each living book; one a tick when absent. */
  readonly rate?: number
  /** Trades a second of each living market; as its volume makes it when absent. */
  readonly tradesPerSecond?: number
  /** Trades remembered per market. */
  readonly keptTrades?: number
}

export interface Simulation {
  readonly endpoints: Readonly<Record<SourceKey, SimEndpoints>>
  readonly controlUrl: string
  /** Starts a fault; what comes back keeps counting how often it struck. */
  readonly fault: (command: FaultCommand) => Fault
  readonly clear: () => void
  readonly step: (ms: number) => void
  readonly now: () => number
  /** The whole book in the venue's digits, woken if it slept; null where the venue does not list the symbol. */
  readonly book: (venue: Venue, symbol: MarketSymbol) => TrueBook | null
  readonly truth: {
    readonly price: (symbol: MarketSymbol) => number
    readonly trades: (venue: Venue, symbol: MarketSymbol) => readonly TrueTrade[]
  }
  readonly symbolsOf: (venue: Venue) => readonly MarketSymbol[]
  readonly counts: () => Readonly<Record<Source, Counts>>
  readonly close: () => Promise<void>
}

interface Running {
  readonly site: Site
  readonly door: Door
  readonly server?: VenueServer
  readonly venueSite?: VenueSite
}

const SERVERS: Readonly<Record<Venue, (site: VenueSite) => VenueServer>> = {
  BINANCE: binanceServer,
  OKX: okxServer,
  COINBASE: coinbaseServer,
  KRAKEN: krakenServer,
}
const AGGREGATOR_REST: Readonly<Record<Aggregator, typeof coingeckoRest>> = {
  COINGECKO: coingeckoRest,
  COINPAPRIKA: coinpaprikaRest,
}

export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const { host = '127.0.0.1', tickMs = 100, seed } = options
  const startAt = options.startAt ?? options.now?.()
  if (startAt === undefined) throw new Error('a simulation needs a clock (now) or a beginning (startAt)')
  const world = createWorld(seed)
  const running = new Map<Source, Running>()
  const markets = new Map<string, Market>()
  const awake = new Set<Market>()

  const beat = createBeat({ options, tickMs, startAt, awake, running, refresh: () => refresh() })
  const time: SimTime =
    options.isManual === true || options.now === undefined
      ? handTime(startAt, { tickMs, tick: beat })
      : realTime(options.now, { tickMs, tick: beat })
  const faults = new Faults(time.now)
  const refresh = (): void => {
    const depeg = faults.find('depeg', 'BINANCE')
    world.depeg = depeg?.command.kind === 'depeg' ? depeg.command.factor : 1
    for (const [source, { door }] of running) {
      const isHoled = faults.find('blackhole', source) !== undefined
      for (const link of door.links) link.isHoled = isHoled
    }
  }
  const symbols = [...new Set([...options.symbols, 'USDT-USD', 'USDC-USD'])]

  for (const source of SOURCES) {
    const site: Site = {
      source,
      world,
      faults,
      symbols,
      counts: noCounts(),
      now: time.now,
      time: () => time.now() + skewOf(faults, source),
    }
    const doorOptions = { host, site, later: time.later }
    if (!isVenue(source)) {
      running.set(source, {
        site,
        door: await openDoor({ ...doorOptions, rest: AGGREGATOR_REST[source](site) }),
      })
      continue
    }
    const listed = listedBy(source, symbols).map((symbol) => {
      const market = new Market({
        world,
        seed,
        venue: source,
        symbol,
        startAt,
        keptTrades: options.keptTrades ?? 20_000,
        ...(options.tradesPerSecond === undefined ? {} : { tradesPerSecond: options.tradesPerSecond }),
        distortion: (of) => outlierOf(faults, of),
        isQuiet: (of) => faults.find('quiet', of.venue, of.symbol) !== undefined,
      })
      markets.set(`${source} ${symbol}`, market)
      return market
    })
    const wake = (market: Market): void => {
      market.wake(time.now())
      awake.add(market)
    }
    const venueSite: VenueSite = { ...site, source, markets: listed, wake }
    const server = SERVERS[source](venueSite)
    running.set(source, { site, venueSite, server, door: await openDoor({ ...doorOptions, ...server }) })
  }

  const book = (venue: Venue, symbol: MarketSymbol): TrueBook | null => {
    const market = markets.get(`${venue} ${symbol}`)
    if (market === undefined) return null
    market.wake(time.now())
    awake.add(market)
    return bookOf(market)
  }
  const counts = (): Record<Source, Counts> =>
    Object.fromEntries(
      [...running].map(([source, { site }]) => [source, structuredClone(site.counts)]),
    ) as Record<Source, Counts>
  const fault = (command: FaultCommand): Fault => {
    const target = command.source === undefined ? undefined : running.get(command.source)
    if (target?.server !== undefined && target.venueSite !== undefined) {
      const applied = strikeAtOnce(command, {
        site: target.venueSite,
        stream: target.server.stream,
        links: target.door.links,
      })
      if (applied !== null) return { command, until: time.now(), seen: applied, applied }
    }
    const added = faults.add(command)
    refresh()
    return added
  }
  const clear = (): void => {
    faults.clear()
    refresh()
  }
  const state = (): unknown => ({ simulated: true, now: time.now(), faults: faults.all(), counts: counts() })
  const control = await openControl({ fault, clear, state, book }, host)

  return {
    endpoints: endpointsOf(host, (source) => running.get(source)!.door.port),
    controlUrl: control.url,
    fault,
    clear,
    step: time.step,
    now: time.now,
    book,
    truth: {
      price: (symbol) => world.price(symbol, time.now()),
      trades: (venue, symbol) => tradesOf(markets.get(`${venue} ${symbol}`)),
    },
    symbolsOf: (venue) => running.get(venue)!.venueSite!.markets.map(({ symbol }) => symbol),
    counts,
    close: async () => {
      time.close()
      await Promise.all([control.close(), ...[...running.values()].map(({ door }) => door.close())])
    },
  }
}

interface BeatParts {
  readonly options: SimulationOptions
  readonly tickMs: number
  readonly startAt: number
  readonly awake: ReadonlySet<Market>
  readonly running: ReadonlyMap<Source, Running>
  readonly refresh: () => void
}

/** One tick: every living market lives through the time since the last, in as many steps as the rate asks for. */
function createBeat({ options, tickMs, startAt, awake, running, refresh }: BeatParts): (at: number) => void {
  const rate = options.rate ?? 1000 / tickMs
  let last = startAt
  let owed = 0
  return (at) => {
    const passed = at - last
    if (passed <= 0) return
    refresh()
    owed = Math.min(owed + (rate * passed) / 1000, Math.max(rate, 1) * 2)
    const steps = Math.floor(owed + 1e-9)
    owed -= steps
    for (let step = 1; step <= steps; step++) {
      const then = Math.round(last + (passed * step) / steps)
      for (const market of awake)
        running.get(market.venue)?.server?.stream.moved(market, market.advance(then, passed / steps))
    }
    if (Math.floor(at / 1000) > Math.floor(last / 1000)) {
      for (const { server } of running.values()) server?.stream.second(at)
    }
    last = at
  }
}

/** Dollar markets at the dollar venues, tether markets at all; a dollar symbol brings its tether market to those without dollars. */
function listedBy(venue: Venue, symbols: readonly MarketSymbol[]): readonly MarketSymbol[] {
  const hasDollars = venue === 'COINBASE' || venue === 'KRAKEN'
  const listed = symbols.flatMap((symbol) => {
    if (quoteOf(symbol) !== 'USD' || hasDollars) return [symbol]
    return STABLE.has(baseOf(symbol)) ? [] : [`${baseOf(symbol)}-USDT`]
  })
  return [...new Set(listed)]
}

function skewOf(faults: Faults, source: Source): number {
  const skew = faults.find('skew', source)
  return skew?.command.kind === 'skew' ? skew.command.ms : 0
}

function outlierOf(faults: Faults, { venue, symbol }: Market): number {
  const outlier = faults.find('outlier', venue, symbol)
  return outlier?.command.kind === 'outlier' ? outlier.command.factor : 1
}
