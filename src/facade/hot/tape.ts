/**
 * The trades of one venue and symbol in the order we tell them: each id once, `sequence` dense, the last
 * ten thousand kept for whoever resumes. After the link was lost, or where a dense id was skipped, live
 * trades wait until the venue's own list of recent trades has filled the hole; what it cannot fill is a
 * hole in `sequence`, never silence.
 */
import type { Instant } from '../../domain/attribution.ts'
import type { TradeEvent } from '../../domain/event.ts'
import type { TapeOrder } from './cursor.ts'

/** One trade as kept: what the venue said, and where we put it. */
export interface Print {
  readonly event: TradeEvent
  readonly receivedAt: Instant
  readonly sequence: number
  /** Its place among all trades of the process. */
  readonly number: number
}

export interface TapeParts {
  readonly order: TapeOrder
  /** The venue numbers its trades +1 without gaps, so that a skipped id proves a lost trade. */
  readonly isDense: boolean
  readonly capacity: number
  readonly publish: (print: Print) => void
  /** A hole was seen: somebody should fetch recent trades and call `mend`. */
  readonly holed: () => void
}

/** Ids remembered for de-duplication: more than any venue's list of recent trades. */
const WINDOW = 4_096
/** Live trades that may wait for a hole to be filled before it is given up. */
const MOST_HELD = 5_000

export class Tape {
  readonly #parts: TapeParts
  readonly #seen = new Set<string>()
  #ring: Print[] = []
  #next = 0
  /** Everything after this number is still held. */
  #floor: number
  #sequence = 0
  #lastId: string | null = null
  #isHoled = false
  #held: Held[] = []
  #backfill: TradeEvent[] = []
  #duplicates = 0
  #lost = 0

  constructor(parts: TapeParts) {
    this.#parts = parts
    this.#floor = parts.order.next()
  }

  get floor(): number {
    return this.#floor
  }
  get duplicates(): number {
    return this.#duplicates
  }
  /** Trades known to have been missed for good. */
  get lost(): number {
    return this.#lost
  }
  /** Trades kept for whoever resumes. */
  get held(): number {
    return this.#ring.length
  }
  get isHoled(): boolean {
    return this.#isHoled
  }

  /** The link was lost or a frame is missing: what comes next may stand behind a hole. */
  interrupt(): void {
    if (this.#lastId === null || this.#isHoled) return
    this.#isHoled = true
  }

  take(event: TradeEvent, receivedAt: Instant): void {
    if (event.isBackfill) this.#takeOld(event)
    else if (this.#isKnown(event.id)) this.#duplicates += 1
    else if (this.#isHoled) this.#hold(event, receivedAt)
    else if (this.#missingBefore(event) > 0) this.#startHole(event, receivedAt)
    else this.#print(event, receivedAt)
  }

  /** The venue's recent trades, oldest first; null when it would not say. */
  mend(recent: readonly TradeEvent[] | null, receivedAt: Instant): void {
    if (!this.#isHoled) return
    const list = inOrder([...this.#backfill, ...(recent ?? [])])
    const reach = list.findIndex((event) => this.#seen.has(event.id))
    // Where ids are dense everything up to the last one told has been told, perhaps as part of a larger trade.
    const isOrdered = this.#parts.isDense || reach < 0
    const missing = list.slice(reach + 1).filter((event) => !isOrdered || this.#isAfterLast(event))
    const held = this.#held
    this.#isHoled = false
    this.#held = []
    this.#backfill = []
    const rest = merge(missing, held, receivedAt)
    // Where ids are dense, the skipped id itself shows the hole when its successor is told.
    if (reach < 0 && !this.#parts.isDense) this.#leaveHole(1)
    for (const each of rest) this.#release(each)
  }

  /** Everything told after `number`, or null when something of it is gone. */
  since(number: number): readonly Print[] | null {
    if (number < this.#floor) return null
    const ordered = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)]
    const from = ordered.findIndex((print) => print.number > number)
    return from < 0 ? [] : ordered.slice(from)
  }

  #takeOld(event: TradeEvent): void {
    if (this.#isHoled) this.#backfill.push(event)
    // Old trades before anything was told: known, so that they are never told as news.
    else if (this.#sequence === 0) this.#remember(event.id)
    if (this.#backfill.length > WINDOW) this.#backfill.shift()
  }

  #hold(event: TradeEvent, receivedAt: Instant): void {
    if (this.#held.some((each) => each.event.id === event.id)) {
      this.#duplicates += 1
      return
    }
    this.#held.push({ event, receivedAt })
    this.#closeByItself()
    if (this.#held.length > MOST_HELD) this.mend(null, receivedAt)
  }

  #startHole(event: TradeEvent, receivedAt: Instant): void {
    this.#isHoled = true
    this.#held.push({ event, receivedAt })
    this.#parts.holed()
  }

  /** Frames that only changed places close the hole without asking anybody. */
  #closeByItself(): void {
    if (!this.#parts.isDense) return
    this.#held.sort((a, b) => compareIds(a.event.id, b.event.id))
    if (!this.#isContinuedBy(this.#held[0])) return
    let last = this.#lastId
    for (const { event } of this.#held) {
      if (last !== null && step(last, event.id) !== fillsOf(event)) return
      last = event.id
    }
    const held = this.#held
    this.#isHoled = false
    this.#held = []
    this.#backfill = []
    for (const each of held) this.#print(each.event, each.receivedAt)
  }

  #release({ event, receivedAt }: Held): void {
    if (this.#isKnown(event.id)) return
    const missing = this.#missingBefore(event)
    if (missing > 0) this.#leaveHole(missing)
    this.#print(event, receivedAt)
  }

  #leaveHole(missing: number): void {
    this.#sequence += missing
    this.#lost += missing
  }

  #print(event: TradeEvent, receivedAt: Instant): void {
    this.#remember(event.id)
    this.#sequence += 1
    const print: Print = {
      event,
      receivedAt,
      sequence: this.#sequence,
      number: this.#parts.order.next(),
    }
    this.#keep(print)
    this.#parts.publish(print)
  }

  #keep(print: Print): void {
    if (this.#ring.length < this.#parts.capacity) {
      this.#ring.push(print)
      return
    }
    this.#floor = this.#ring[this.#next]?.number ?? this.#floor
    this.#ring[this.#next] = print
    this.#next = (this.#next + 1) % this.#parts.capacity
  }

  #remember(id: string): void {
    if (this.#lastId === null || compareIds(id, this.#lastId) > 0) this.#lastId = id
    this.#seen.add(id)
    if (this.#seen.size <= WINDOW) return
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest)
      break
    }
  }

  #isKnown(id: string): boolean {
    return this.#seen.has(id)
  }

  #isAfterLast(event: TradeEvent): boolean {
    return this.#lastId === null || compareIds(event.id, this.#lastId) > 0
  }

  /** Ids skipped between the last trade told and this one; none where ids may jump. */
  #missingBefore(event: TradeEvent): number {
    if (!this.#parts.isDense || this.#lastId === null) return 0
    return step(this.#lastId, event.id) - fillsOf(event)
  }

  #isContinuedBy(held: Held | undefined): boolean {
    return (
      held !== undefined && this.#lastId !== null && step(this.#lastId, held.event.id) === fillsOf(held.event)
    )
  }
}

interface Held {
  readonly event: TradeEvent
  readonly receivedAt: Instant
}

/** Venues number trades upward: a longer id is a later one. */
function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

const step = (from: string, to: string): number => Number(to) - Number(from)

const fillsOf = ({ fills = 1 }: TradeEvent): number => fills

function inOrder(events: readonly TradeEvent[]): readonly TradeEvent[] {
  const byId = new Map(events.map((event) => [event.id, event]))
  return [...byId.values()].sort((a, b) => compareIds(a.id, b.id))
}

/** What came live stands as it came: fills listed one by one that are part of it are not told again. */
function merge(missing: readonly TradeEvent[], held: readonly Held[], receivedAt: Instant): readonly Held[] {
  const byId = new Map<string, Held>(missing.map((event) => [event.id, { event, receivedAt }]))
  for (const each of held) {
    for (let part = 1; part < fillsOf(each.event); part += 1)
      byId.delete(String(Number(each.event.id) - part))
    byId.set(each.event.id, each)
  }
  return [...byId.values()].sort((a, b) => compareIds(a.event.id, b.event.id))
}
