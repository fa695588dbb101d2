/**
 * What comes over a venue's sockets: frames become events, events find their market, and whatever shows that
 * something was lost on the way is acted upon at once.
 */
import type { Instant } from '../../domain/attribution.ts'
import type { BookDeltaEvent, BookSnapshotEvent, Decoded, MarketEvent } from '../../domain/event.ts'
import type { VenueSource } from '../../sources/source.ts'
import type { Answers } from './answers.ts'
import type { LaneCare } from './lane-care.ts'
import type { Lane } from './lane.ts'
import type { Logger } from './logger.ts'
import type { Shard, Wire } from './shard.ts'
import type { StreamCounts } from './stream-counts.ts'
import type { VenueMarket } from './venue-market.ts'

export interface IntakeParts {
  readonly source: VenueSource
  readonly logger: Logger
  readonly counts: StreamCounts
  readonly care: LaneCare
  readonly answers: Answers
  /** Books are joined to a REST snapshot, whatever connection their deltas come by. */
  readonly isRange: boolean
  readonly marketOf: (spelling: string) => VenueMarket | undefined
  /** Out of step: worth looking at our health again. */
  readonly changed: () => void
}

export class Intake {
  readonly #parts: IntakeParts

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  take(frame: string, receivedAt: Instant, wire: Wire, shard: Shard): void {
    const { counts } = this.#parts
    counts.messages += 1
    counts.lastMessageAt = receivedAt
    const decoded = this.#decode(frame)
    if ('malformed' in decoded) {
      counts.malformed += 1
      // The first, and then ever fewer: a flood must not flood the log too.
      if (Number.isInteger(Math.log2(counts.malformed))) {
        this.#parts.logger.warn(
          { venue: this.#parts.source.id, reason: decoded.malformed, total: counts.malformed },
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
      return this.#parts.source.stream.decode(frame)
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
    this.#parts.counts.gaps += 1
    for (const lane of shard.lanes) {
      if (lane.channel === 'trades') {
        lane.market.interrupt()
        lane.market.recent.ask()
      } else if (lane.channel === 'book' && lane.market.bookWire === wire.connection.id) {
        lane.market.book.connectionGap()
        this.#parts.care.renew(lane, shard)
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
        const market = this.#parts.marketOf(event.spelling)
        if (!event.isBackfill) this.#parts.counts.venueLatency.note(receivedAt - event.executedAt)
        market?.trades.tape?.take(event, receivedAt)
        return
      }
      case 'candle':
        this.#parts.marketOf(event.spelling)?.bars.agree(event, receivedAt)
        return
      case 'acknowledged':
        this.#parts.answers.acknowledged(event, wire, shard)
        return
      case 'refused':
        this.#parts.answers.refused(event, wire, shard)
        return
      case 'closing':
        this.#parts.logger.info(
          { venue: this.#parts.source.id, reason: event.reason },
          'venue announces a close',
        )
        shard.replace()
        return
      case 'heartbeat':
        return
    }
  }

  #takeBook(event: BookSnapshotEvent | BookDeltaEvent, receivedAt: Instant, wire: Wire, shard: Shard): void {
    const market = this.#parts.marketOf(event.spelling)
    const lane = market?.lanes.get('book')
    if (market === undefined || lane === undefined) return
    lane.hasData = true
    if (!this.#parts.isRange && !this.#isItsWire(event, market, wire)) return
    const { book } = market
    const wasInStep = book.isSynced
    const applied = book.apply(event, receivedAt)
    if (event.observedAt !== null && event.kind === 'bookDelta') {
      this.#parts.counts.venueLatency.note(receivedAt - event.observedAt)
    }
    if (applied === 'gap') this.#lostStep(lane, shard, wasInStep)
    else if (applied === 'buffered') market.depth.ask()
    else if (applied === 'applied' && !wasInStep) {
      this.#parts.care.inStep(lane)
      this.#parts.answers.settle(wire, shard)
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
      this.#parts.counts.gaps += 1
      this.#parts.logger.info(
        { venue: this.#parts.source.id, symbol: market.symbol, reason: market.book.gapReason },
        'book out of step',
      )
    }
    if (this.#parts.isRange) market.depth.ask()
    else this.#parts.care.renew(lane, shard)
    this.#parts.changed()
  }
}
