/**
 * What one lane needs when it is not well: asked for anew at once, then after growing pauses; refused ones
 * after a minute; and silence where something had to come is a fault like any other.
 */
import type { Clock } from '../../domain/clock.ts'
import type { Lane } from './lane.ts'
import type { Shard } from './shard.ts'
import type { StreamCounts } from './stream-counts.ts'
import type { VenueMarket } from './venue-market.ts'

export interface LaneCareParts {
  readonly clock: Clock
  readonly random: () => number
  readonly counts: StreamCounts
  /** Books are joined to a REST snapshot: there is none to wait for in the stream. */
  readonly isRange: boolean
}

/** A book whose snapshot does not come, and a request nobody answers, are faults. */
const NO_SNAPSHOT_MS = 3_000
const NO_ANSWER_MS = 10_000
/** Nothing at all on an acknowledged book of deltas: the venue may not know the market. */
const NO_DATA_MS = 60_000
/** So many renewals in a row are not held back. A venue counts what we ask for. */
const FREE_RENEWALS = 3
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
/** In step for this long, a book has recovered. */
const STEADY_MS = 2_000
const REFUSED_MS = 60_000
/** A trade hole nobody asked about yet. */
const MEND_AFTER_MS = 2_000

export class LaneCare {
  readonly #parts: LaneCareParts

  constructor(parts: LaneCareParts) {
    this.#parts = parts
  }

  renew(lane: Lane, shard: Shard): void {
    if (lane.renewAt !== null) return
    const now = this.#parts.clock.monotonic()
    if (lane.inStepAt !== null && now - lane.inStepAt > STEADY_MS) lane.attempts = 0
    lane.inStepAt = null
    lane.attempts += 1
    this.#parts.counts.resubscriptions += 1
    const held = lane.attempts - FREE_RENEWALS
    if (held <= 0) shard.renew(lane)
    else lane.renewAt = now + this.#pause(held - 1)
  }

  inStep(lane: Lane): void {
    lane.inStepAt = this.#parts.clock.monotonic()
    lane.renewAt = null
  }

  refuse(lane: Lane, reason: string): void {
    lane.refusal = { reason, retryAt: this.#parts.clock.monotonic() + REFUSED_MS }
  }

  /** Call a few times a second. */
  look(lane: Lane, shard: Shard, now: number): void {
    const { market, channel } = lane
    if (channel === 'trades') this.#lookAtTrades(market, lane, now)
    if (lane.askedAt === null || !shard.isConnected) return
    if (lane.refusal !== null) this.#askAgain(lane, shard, now)
    else if (lane.renewAt !== null) {
      if (now >= lane.renewAt) shard.renew(lane)
    } else if (this.#isFault(lane, now - lane.askedAt)) {
      this.#parts.counts.resubscriptions += 1
      lane.attempts += 1
      shard.renew(lane)
    }
  }

  #askAgain(lane: Lane, shard: Shard, now: number): void {
    if (lane.refusal === null || now < lane.refusal.retryAt) return
    lane.refusal = null
    if (lane.channel === 'book') lane.market.book.link('up', 'asking again')
    shard.ask(lane)
  }

  #isFault(lane: Lane, waited: number): boolean {
    const grown = 2 ** Math.min(lane.attempts, 4)
    if (!lane.isAcknowledged && !lane.hasData) return waited > NO_ANSWER_MS * grown
    if (lane.channel !== 'book') return false
    if (this.#parts.isRange) return !lane.hasData && waited > NO_DATA_MS * grown
    return !lane.market.book.isSynced && waited > NO_SNAPSHOT_MS * grown
  }

  #lookAtTrades(market: VenueMarket, lane: Lane, now: number): void {
    market.bars.closeDue()
    const isWaiting = market.trades.tape?.isHoled === true && !market.recent.isAsking
    if (isWaiting && lane.askedAt !== null && now - lane.askedAt > MEND_AFTER_MS) market.recent.ask()
  }

  #pause(doublings: number): number {
    return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** doublings) * (0.5 + this.#parts.random() / 2)
  }
}
