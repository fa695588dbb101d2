/**
 * Everything wanted of one venue, over as few connections as its limits allow, however many readers there
 * are, and what becomes of its markets when a connection comes or goes.
 */
import type { StreamHealth } from '../../domain/answer.ts'
import type { Channel } from '../../domain/event.ts'
import type { MarketSymbol } from '../../domain/market.ts'
import { SOURCE_NAMES } from '../../domain/market.ts'
import type { Endpoints, VenueSource } from '../../sources/source.ts'
import type { Transport } from '../../wire/http.ts'
import { ConnectGate } from '../../wire/socket.ts'
import type { Connection, Down } from '../../wire/socket.ts'
import type { Universe } from '../facade.ts'
import type { StreamCounters } from '../hot.ts'
import { Answers } from './answers.ts'
import { Intake } from './intake.ts'
import { createLane } from './lane.ts'
import type { Lane } from './lane.ts'
import { LaneCare } from './lane-care.ts'
import type { Logger } from './logger.ts'
import { Shard } from './shard.ts'
import { Shards } from './shards.ts'
import { createStreamCounts } from './stream-counts.ts'
import { VenueMarket } from './venue-market.ts'
import type { MarketParts, Upstream } from './venue-market.ts'

export interface VenueStreamParts extends MarketParts {
  readonly source: VenueSource
  readonly endpoints: Endpoints
  readonly universe: Universe
  readonly transport: Pick<Transport, 'send'>
  readonly logger: Logger
  /** Connected, disconnected, out of step: worth looking at our health again. */
  readonly changed: () => void
}

export class VenueStream implements Upstream {
  readonly source: VenueSource
  readonly #parts: VenueStreamParts
  readonly #gate: ConnectGate
  readonly #markets = new Map<MarketSymbol, VenueMarket>()
  readonly #bySpelling = new Map<string, VenueMarket>()
  readonly #shards = new Shards((url) => this.#openShard(url))
  readonly #shardOf = new Map<Lane, Shard>()
  readonly #counts: ReturnType<typeof createStreamCounts>
  readonly #care: LaneCare
  readonly #intake: Intake
  #reason: string | null = null
  #isStopped = false

  constructor(parts: VenueStreamParts) {
    this.source = parts.source
    this.#parts = parts
    this.#gate = new ConnectGate(parts.clock, parts.source.stream.link.connectsPerMinute)
    this.#counts = createStreamCounts(parts.clock)
    const told = { ...parts, counts: this.#counts, isRange: parts.source.stream.dance.kind === 'rangeJoin' }
    this.#care = new LaneCare(told)
    const answers = new Answers({ ...told, care: this.#care })
    const marketOf = (spelling: string) => this.#bySpelling.get(spelling)
    this.#intake = new Intake({ ...told, care: this.#care, answers, marketOf })
  }

  /** Why the stream is not well, in words; null when it is. */
  get reason(): string | null {
    return this.isConnected || this.#shardOf.size === 0 ? this.#refusals() : this.#reason
  }
  get isConnected(): boolean {
    return this.#shards.every((shard) => shard.isConnected && !shard.isQuiet)
  }
  get connections(): number {
    return this.#shards.size
  }
  get lanes(): number {
    return this.#shardOf.size
  }
  get markets(): Iterable<VenueMarket> {
    return this.#markets.values()
  }

  market(symbol: MarketSymbol): VenueMarket {
    let market = this.#markets.get(symbol)
    if (market === undefined) {
      market = new VenueMarket(symbol, this.source, this.#parts.transport, this, this.#parts)
      this.#markets.set(symbol, market)
    }
    return market
  }

  health(): StreamHealth {
    return this.#counts.health(this.isConnected)
  }

  counters(): StreamCounters {
    const { refusals, resubscriptions } = this.#counts
    let barDifferences = 0
    let lostTrades = 0
    for (const { bars, trades } of this.#markets.values()) {
      barDifferences += bars.differences
      lostTrades += trades.tape?.lost ?? 0
    }
    return { refusals, resubscriptions, barDifferences, lostTrades }
  }

  noteServed(ms: number): void {
    this.#counts.servedLatency.note(ms)
  }

  start(market: VenueMarket, channel: Channel): void {
    market.listing ??= this.#parts.universe.listingAt(market.symbol, this.source.id)
    const { listing } = market
    if (listing === null || this.#isStopped || market.lanes.has(channel)) return
    const url = this.#urlOf(channel)
    const isOffered = this.source.stream.subscribe([{ channel, spelling: listing.spelling }], 0).length > 0
    if (url === null || !isOffered) return
    this.#bySpelling.set(listing.spelling, market)
    const lane = createLane(market, channel, listing.spelling)
    market.lanes.set(channel, lane)
    const shard = this.#shards.roomAt(url)
    this.#shardOf.set(lane, shard)
    if (channel === 'book') market.book.link(shard.isConnected ? 'up' : 'down', 'connecting')
    shard.add(lane)
  }

  stop(market: VenueMarket, channel: Channel): void {
    const lane = market.lanes.get(channel)
    const shard = lane === undefined ? undefined : this.#shardOf.get(lane)
    if (lane === undefined || shard === undefined) return
    market.lanes.delete(channel)
    this.#shardOf.delete(lane)
    shard.remove(lane)
    if (shard.lanes.size > 0) return
    this.#shards.drop(shard)
    this.#parts.changed()
  }

  /** The venue's list of markets arrived or grew. */
  listingsChanged(): void {
    for (const market of this.#markets.values()) {
      if (market.listing !== null) continue
      for (const channel of ['book', 'trades', 'candle'] as const) {
        if (market.isWanted(channel)) this.start(market, channel)
      }
    }
  }

  /** Call a few times a second. */
  look(): void {
    const now = this.#parts.clock.monotonic()
    this.#counts.look()
    for (const shard of this.#shards) shard.look(now)
    for (const [lane, shard] of this.#shardOf) this.#care.look(lane, shard, now)
  }

  close(): void {
    this.#isStopped = true
    for (const market of this.#markets.values()) market.close()
    this.#shards.close()
    this.#shardOf.clear()
  }

  #urlOf(channel: Channel): string | null {
    const { endpoint, path } = this.source.stream.route(channel)
    const base = this.#parts.endpoints[endpoint] ?? this.source.defaults[endpoint]
    return base === undefined ? null : base.replace(/\/$/, '') + path
  }

  #openShard(url: string): Shard {
    const { clock, random, turn, source } = this.#parts
    return new Shard({
      facts: source.stream,
      url,
      clock,
      random,
      gate: this.#gate,
      turn,
      frame: (frame, receivedAt, wire, shard) => this.#intake.take(frame, receivedAt, wire, shard),
      up: (shard) => this.#up(shard),
      down: (shard, down) => this.#down(shard, down),
      retired: (shard, connection, down) => this.#retired(shard, connection, down),
      failed: (down) => this.#failed(down),
      quiet: (shard, isQuiet) => this.#quiet(shard, isQuiet),
    })
  }

  #up(shard: Shard): void {
    if (shard.reconnects > 0) this.#counts.reconnects += 1
    this.#reason = null
    for (const { market, channel } of shard.lanes)
      if (channel === 'book') market.book.link('up', 'connecting')
    this.#parts.changed()
  }

  #down(shard: Shard, down: Down): void {
    const reason = `disconnected (${down.kind})`
    for (const { market, channel } of shard.lanes) {
      if (channel === 'trades') market.interrupt()
      if (channel !== 'book') continue
      market.bookWire = null
      market.depth.cancel()
      market.book.link('down', reason)
      market.book.reset(reason)
    }
    this.#parts.changed()
  }

  #retired(shard: Shard, connection: Connection, down: Down | null): void {
    for (const lane of shard.lanes) {
      const { market, channel } = lane
      if (channel === 'trades' && down !== null) market.interrupt()
      if (channel !== 'book' || market.bookWire !== connection.id) continue
      market.bookWire = null
      market.book.reset('its connection went')
      if (down === null) shard.renew(lane)
    }
  }

  #failed(down: Down): void {
    this.#reason = `${SOURCE_NAMES[this.source.id]}'s stream: ${down.kind}, ${down.message}`
    this.#parts.logger.warn({ venue: this.source.id, down }, 'stream lost')
    this.#parts.changed()
  }

  #quiet(shard: Shard, isQuiet: boolean): void {
    for (const { market, channel } of shard.lanes) {
      if (channel === 'book' && shard.isConnected) market.book.link(isQuiet ? 'quiet' : 'up', 'silent')
    }
    if (isQuiet) this.#reason = `${SOURCE_NAMES[this.source.id]}'s stream is silent`
    this.#parts.changed()
  }

  #refusals(): string | null {
    for (const lane of this.#shardOf.keys()) {
      if (lane.refusal !== null)
        return `${lane.market.symbol} ${lane.channel} refused: ${lane.refusal.reason}`
    }
    return null
  }
}
