/** What a venue answers to what we ask of it: which lane is meant, and when everything asked for flows. */
import type { AcknowledgedEvent, RefusedEvent } from '../../domain/event.ts'
import type { VenueSource } from '../../sources/source.ts'
import type { LaneCare } from './lane-care.ts'
import type { Lane } from './lane.ts'
import type { Logger } from './logger.ts'
import type { Shard, Wire } from './shard.ts'
import type { StreamCounts } from './stream-counts.ts'

export interface AnswersParts {
  readonly source: VenueSource
  readonly logger: Logger
  readonly counts: StreamCounts
  readonly care: LaneCare
  /** Books are joined to a REST snapshot: none comes over the socket. */
  readonly isRange: boolean
  readonly changed: () => void
}

export class Answers {
  readonly #parts: AnswersParts

  constructor(parts: AnswersParts) {
    this.#parts = parts
  }

  acknowledged({ channel, spelling }: AcknowledgedEvent, wire: Wire, shard: Shard): void {
    if (channel === null || spelling === null) {
      wire.unanswered -= 1
      if (wire.unanswered > 0) return
    }
    for (const lane of shard.lanes) {
      const isMeant =
        (channel === null || lane.channel === channel) && (spelling === null || lane.spelling === spelling)
      if (isMeant && lane.askedAt !== null && !lane.isAcknowledged) this.#flows(lane)
    }
    this.settle(wire, shard)
  }

  #flows(lane: Lane): void {
    lane.isAcknowledged = true
    const { market, channel } = lane
    if (channel === 'book' && market.book.needsSnapshot) market.depth.ask()
    if (channel === 'trades' && market.trades.tape?.isHoled === true) market.recent.ask()
  }

  refused({ channel, spelling, reason }: RefusedEvent, wire: Wire, shard: Shard): void {
    this.#parts.counts.refusals += 1
    wire.unanswered -= 1
    this.#parts.logger.warn({ venue: this.#parts.source.id, channel, spelling, reason }, 'venue refuses')
    const open = [...shard.lanes].filter((lane) => !lane.isAcknowledged && lane.askedAt !== null)
    const meant = open.filter(
      (lane) =>
        (channel === null || lane.channel === channel) && (spelling === null || lane.spelling === spelling),
    )
    // An answer that names nothing is about the only thing still unanswered, or about nothing we can tell.
    if (spelling === null && meant.length > 1) return
    for (const lane of meant) {
      this.#parts.care.refuse(lane, reason)
      if (lane.channel === 'book') lane.market.book.link('down', `refused: ${reason}`)
    }
    this.#parts.changed()
  }

  /** Once everything flows on a successor, its predecessor may go. */
  settle(wire: Wire, shard: Shard): void {
    if (!shard.isOverlapping) return
    for (const { isAcknowledged, channel, market, refusal } of shard.lanes) {
      if (!isAcknowledged && refusal === null) return
      if (channel === 'book' && !this.#parts.isRange && market.bookWire !== wire.connection.id) return
    }
    shard.settled(wire)
  }
}
