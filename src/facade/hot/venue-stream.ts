/**
 * Everything that comes from one venue, over as few connections as its limits allow, however many readers
 * there are. Frames become events, events find their market; what a market needs to be in step again is
 * asked for here, in the venue's own way.
 */
import type { StreamHealth } from '../../domain/answer.ts'
import type { Instant } from '../../domain/attribution.ts'
import type { BookDeltaEvent, BookSnapshotEvent, Channel, Decoded, MarketEvent } from '../../domain/event.ts'
import type { MarketSymbol } from '../../domain/market.ts'
import { SOURCE_NAMES } from '../../domain/market.ts'
import type { Endpoints, VenueSource } from '../../sources/source.ts'
import type { Transport } from '../../wire/http.ts'
import { ConnectGate } from '../../wire/socket.ts'
import type { Connection, Down } from '../../wire/socket.ts'
import type { Universe } from '../facade.ts'
import type { StreamCounters } from '../hot.ts'
import { createLane } from './lane.ts'
import type { Lane } from './lane.ts'
import { LaneCare } from './lane-care.ts'
import { Shard } from './shard.ts'
import type { Wire } from './shard.ts'
import { createStreamCounts } from './stream-counts.ts'
import { VenueMarket } from './venue-market.ts'
import type { MarketParts, Upstream } from './venue-market.ts'

export interface Logger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
}

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
  /** By the URL they connect to. */
  readonly #shards = new Map<string, Shard[]>()
  readonly #shardOf = new Map<Lane, Shard>()
  readonly #counts: ReturnType<typeof createStreamCounts>
  readonly #isRange: boolean
  readonly #care: LaneCare
  #reason: string | null = null
  #isStopped = false

  constructor(parts: VenueStreamParts) {
    this.source = parts.source
    this.#parts = parts
    this.#gate = new ConnectGate(parts.clock, parts.source.stream.link.connectsPerMinute)
    this.#counts = createStreamCounts(parts.clock)
    this.#isRange = parts.source.stream.dance.kind === 'rangeJoin'
    this.#care = new LaneCare({ ...parts, counts: this.#counts, isRange: this.#isRange })
  }

  /** Why the stream is not well, in words; null when it is. */
  get reason(): string | null {
    return this.isConnected || this.#shardOf.size === 0 ? this.#refusals() : this.#reason
  }
  get isConnected(): boolean {
    return this.#each((shard) => shard.isConnected && !shard.isQuiet)
  }
  get connections(): number {
    let count = 0
    for (const shards of this.#shards.values()) count += shards.length
    return count
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
    const shard = this.#roomAt(url)
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
    if (shard.lanes.size === 0) this.#closeShard(shard)
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
    for (const shards of this.#shards.values()) for (const shard of shards) shard.look(now)
    for (const [lane, shard] of this.#shardOf) this.#care.look(lane, shard, now)
  }

  close(): void {
    this.#isStopped = true
    for (const market of this.#markets.values()) market.close()
    for (const shards of this.#shards.values()) for (const shard of shards) shard.close()
    this.#shards.clear()
    this.#shardOf.clear()
  }

  #urlOf(channel: Channel): string | null {
    const { endpoint, path } = this.source.stream.route(channel)
    const base = this.#parts.endpoints[endpoint] ?? this.source.defaults[endpoint]
    return base === undefined ? null : base.replace(/\/$/, '') + path
  }

  #roomAt(url: string): Shard {
    const shards = this.#shards.get(url) ?? []
    this.#shards.set(url, shards)
    let shard = shards.find((each) => each.hasRoomFor(1))
    if (shard === undefined) {
      shard = this.#openShard(url)
      shards.push(shard)
    }
    return shard
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
      frame: (frame, receivedAt, wire, shard) => this.#frame(frame, receivedAt, wire, shard),
      up: (shard) => this.#up(shard),
      down: (shard, down) => this.#down(shard, down),
      retired: (shard, connection, down) => this.#retired(shard, connection, down),
      failed: (down) => this.#failed(down),
      quiet: (shard, isQuiet) => this.#quiet(shard, isQuiet),
    })
  }

  #closeShard(shard: Shard): void {
    shard.close()
    for (const [url, shards] of this.#shards) {
      const rest = shards.filter((each) => each !== shard)
      if (rest.length === 0) this.#shards.delete(url)
      else this.#shards.set(url, rest)
    }
    this.#parts.changed()
  }

  // Links

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

  #each(holds: (shard: Shard) => boolean): boolean {
    let count = 0
    for (const shards of this.#shards.values()) {
      for (const shard of shards) {
        count += 1
        if (!holds(shard)) return false
      }
    }
    return count > 0
  }

  // Frames

  #frame(frame: string, receivedAt: Instant, wire: Wire, shard: Shard): void {
    const counts = this.#counts
    counts.messages += 1
    counts.lastMessageAt = receivedAt
    const decoded = this.#decode(frame)
    if ('malformed' in decoded) {
      counts.malformed += 1
      // The first, and then ever fewer: a flood must not flood the log too.
      if (Number.isInteger(Math.log2(counts.malformed))) {
        this.#parts.logger.warn(
          { venue: this.source.id, reason: decoded.malformed, total: counts.malformed },
          'malformed frame',
        )
      }
      return
    }
    const isOld = decoded.sequence !== null && this.#isBehind(decoded.sequence, wire, shard)
    for (const event of decoded.events) this.#route(event, receivedAt, wire, shard, isOld)
  }

  #decode(frame: string): Decoded {
    try {
      return this.source.stream.decode(frame)
    } catch (error) {
      return { malformed: error instanceof Error ? error.message : String(error) }
    }
  }

  /** Follows the connection's own count; true for a frame that was counted before. */
  #isBehind(sequence: number, wire: Wire, shard: Shard): boolean {
    const expected = wire.nextSequence ?? sequence
    if (sequence < expected) return true
    wire.nextSequence = sequence + 1
    if (sequence > expected) this.#frameLost(wire, shard)
    return false
  }

  /** Whose the lost frame was cannot be known: every book told by this connection starts over. */
  #frameLost(wire: Wire, shard: Shard): void {
    this.#counts.gaps += 1
    for (const lane of shard.lanes) {
      if (lane.channel === 'trades') {
        lane.market.interrupt()
        lane.market.recent.ask()
      } else if (lane.channel === 'book' && lane.market.bookWire === wire.connection.id) {
        lane.market.book.connectionGap()
        this.#care.renew(lane, shard)
      }
    }
    this.#parts.changed()
  }

  #route(event: MarketEvent, receivedAt: Instant, wire: Wire, shard: Shard, isOld: boolean): void {
    switch (event.kind) {
      case 'bookSnapshot':
      case 'bookDelta':
        if (!isOld) this.#takeBook(event, receivedAt, wire, shard)
        return
      case 'trade': {
        const market = this.#bySpelling.get(event.spelling)
        if (!event.isBackfill) this.#counts.venueLatency.note(receivedAt - event.executedAt)
        market?.trades.tape?.take(event, receivedAt)
        return
      }
      case 'candle':
        this.#bySpelling.get(event.spelling)?.bars.agree(event, receivedAt)
        return
      case 'acknowledged':
        this.#acknowledged(event.channel, event.spelling, wire, shard)
        return
      case 'refused':
        this.#refused(event.channel, event.spelling, event.reason, wire, shard)
        return
      case 'closing':
        this.#parts.logger.info({ venue: this.source.id, reason: event.reason }, 'venue announces a close')
        shard.replace()
        return
      case 'heartbeat':
        return
    }
  }

  #takeBook(event: BookSnapshotEvent | BookDeltaEvent, receivedAt: Instant, wire: Wire, shard: Shard): void {
    const market = this.#bySpelling.get(event.spelling)
    const lane = market?.lanes.get('book')
    if (market === undefined || lane === undefined) return
    lane.hasData = true
    if (!this.#isRange && !this.#isItsWire(event, market, wire)) return
    const { book } = market
    const wasInStep = book.isSynced
    const applied = book.apply(event, receivedAt)
    if (event.observedAt !== null && event.kind === 'bookDelta') {
      this.#counts.venueLatency.note(receivedAt - event.observedAt)
    }
    if (applied === 'gap') this.#lostStep(lane, shard, wasInStep)
    else if (applied === 'buffered') market.depth.ask()
    else if (applied === 'applied' && !wasInStep) {
      this.#care.inStep(lane)
      this.#settle(wire, shard)
    }
  }

  /** A snapshot on a newer connection takes the book over; deltas count only from the one that told it. */
  #isItsWire({ kind }: { readonly kind: string }, market: VenueMarket, wire: Wire): boolean {
    const { id } = wire.connection
    if (kind === 'bookSnapshot' && id >= (market.bookWire ?? 0)) market.bookWire = id
    return market.bookWire === id
  }

  #lostStep(lane: Lane, shard: Shard, wasInStep: boolean): void {
    const { market } = lane
    if (wasInStep) {
      this.#counts.gaps += 1
      this.#parts.logger.info(
        { venue: this.source.id, symbol: market.symbol, reason: market.book.gapReason },
        'book out of step',
      )
    }
    if (this.#isRange) market.depth.ask()
    else this.#care.renew(lane, shard)
    this.#parts.changed()
  }

  // Answers to what we ask

  #acknowledged(channel: Channel | null, spelling: string | null, wire: Wire, shard: Shard): void {
    if (channel === null || spelling === null) {
      wire.unanswered -= 1
      if (wire.unanswered > 0) return
    }
    for (const lane of shard.lanes) {
      const isMeant =
        (channel === null || lane.channel === channel) && (spelling === null || lane.spelling === spelling)
      if (isMeant && lane.askedAt !== null && !lane.isAcknowledged) this.#flows(lane)
    }
    this.#settle(wire, shard)
  }

  #flows(lane: Lane): void {
    lane.isAcknowledged = true
    const { market, channel } = lane
    if (channel === 'book' && market.book.needsSnapshot) market.depth.ask()
    if (channel === 'trades' && market.trades.tape?.isHoled === true) market.recent.ask()
  }

  #refused(channel: Channel | null, spelling: string | null, reason: string, wire: Wire, shard: Shard): void {
    this.#counts.refusals += 1
    wire.unanswered -= 1
    this.#parts.logger.warn({ venue: this.source.id, channel, spelling, reason }, 'venue refuses')
    const open = [...shard.lanes].filter((lane) => !lane.isAcknowledged && lane.askedAt !== null)
    const meant = open.filter(
      (lane) =>
        (channel === null || lane.channel === channel) && (spelling === null || lane.spelling === spelling),
    )
    // An answer that names nothing is about the only thing still unanswered, or about nothing we can tell.
    if (spelling === null && meant.length > 1) return
    for (const lane of meant) {
      this.#care.refuse(lane, reason)
      if (lane.channel === 'book') lane.market.book.link('down', `refused: ${reason}`)
    }
    this.#parts.changed()
  }

  /** Once everything flows on a successor, its predecessor may go. */
  #settle(wire: Wire, shard: Shard): void {
    if (!shard.isOverlapping) return
    for (const { isAcknowledged, channel, market, refusal } of shard.lanes) {
      if (!isAcknowledged && refusal === null) return
      if (channel === 'book' && !this.#isRange && market.bookWire !== wire.connection.id) return
    }
    shard.settled(wire)
  }
}
