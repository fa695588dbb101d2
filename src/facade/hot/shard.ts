/**
 * One link of a venue and the lanes it carries. Asks for them when a socket opens, in as few frames as the
 * venue takes, and again for one lane when it has to heal; knows when the socket has gone quiet. What the
 * frames say is its owner's affair.
 */
import type { Instant } from '../../domain/attribution.ts'
import type { Clock } from '../../domain/clock.ts'
import type { StreamFacts } from '../../sources/source.ts'
import { openLink } from '../../wire/socket.ts'
import type { Connection, ConnectGate, Down, Link } from '../../wire/socket.ts'
import type { Lane } from './lane.ts'
import type { Turn } from './turn.ts'

/** What is known of one open socket. */
export interface Wire {
  readonly connection: Connection
  /** The venue's count of the next frame, where it counts. */
  nextSequence: number | null
  /** Frames of ours not yet acknowledged, where the venue acknowledges without naming what. */
  unanswered: number
  /** Monotonic. */
  heardAt: number
  /** The longest silence of late. */
  pauseMs: number
}

export interface ShardParts {
  readonly facts: StreamFacts
  readonly url: string
  readonly clock: Clock
  readonly random: () => number
  readonly gate: ConnectGate
  readonly turn: Turn
  readonly frame: (frame: string, receivedAt: Instant, wire: Wire, shard: Shard) => void
  readonly up: (shard: Shard) => void
  readonly down: (shard: Shard, down: Down) => void
  /** One of two sockets went; `down` null when by plan. */
  readonly retired: (shard: Shard, connection: Connection, down: Down | null) => void
  readonly failed: (down: Down) => void
  readonly quiet: (shard: Shard, isQuiet: boolean) => void
}

/** A socket that is never still for long counts as silent after this, long before the venue's own limit. */
const QUIET_MS = 750
const REPLACE_MS = 2_500
/** Both sockets flow this long before the older one is closed. */
const OVERLAP_MS = 500

export class Shard {
  readonly lanes = new Set<Lane>()
  isQuiet = false
  readonly #parts: ShardParts
  readonly #link: Link
  readonly #wires = new Map<number, Wire>()
  #asking: Lane[] = []
  #leaving: Lane[] = []
  #nextId = 1
  #replacedAt = Number.NEGATIVE_INFINITY
  #cancelReady: (() => void) | null = null
  readonly #job = { isMarked: false, run: () => this.#flush() }

  constructor(parts: ShardParts) {
    this.#parts = parts
    this.#link = openLink({
      url: parts.url,
      clock: parts.clock,
      random: parts.random,
      limits: parts.facts.link,
      gate: parts.gate,
      onOpen: (connection) => this.#opened(connection),
      onFrame: (frame, receivedAt, connection) => this.#heard(frame, receivedAt, connection),
      onDown: (down) => this.#down(down),
      onRetired: (connection, down) => this.#retired(connection, down),
      onFailure: parts.failed,
    })
  }

  get isConnected(): boolean {
    return this.#link.isConnected
  }
  get reconnects(): number {
    return this.#link.reconnects
  }
  get newest(): number | null {
    return this.#link.connection?.id ?? null
  }
  /** Two sockets are open: a successor and the one it will replace. */
  get isOverlapping(): boolean {
    return this.#wires.size > 1
  }

  hasRoomFor(count: number): boolean {
    return this.lanes.size + count <= this.#parts.facts.link.maxSubscriptionsPerConnection
  }

  add(lane: Lane): void {
    this.lanes.add(lane)
    if (this.#link.isConnected) this.ask(lane)
  }

  remove(lane: Lane): void {
    this.lanes.delete(lane)
    this.#asking = this.#asking.filter((each) => each !== lane)
    if (lane.askedAt !== null && this.#link.isConnected) this.#leaving.push(lane)
    this.#parts.turn.mark(this.#job)
  }

  ask(lane: Lane): void {
    if (!this.#asking.includes(lane)) this.#asking.push(lane)
    this.#parts.turn.mark(this.#job)
  }

  /** Off and on again: the venue's own way to a new snapshot. */
  renew(lane: Lane): void {
    if (!this.#link.isConnected || this.#asking.includes(lane)) return
    this.#leaving.push(lane)
    this.ask(lane)
  }

  /** A successor socket first, then this one goes. */
  replace(): void {
    this.#link.replace()
  }

  /** Call a few times a second. */
  look(now: number): void {
    const wire = this.#wireOf(this.newest)
    if (wire === null) return
    const silentMs = now - Math.max(wire.heardAt, wire.connection.heardAt)
    const { silenceMs } = this.#parts.facts.link
    const quietMs = Math.min(silenceMs, Math.max(QUIET_MS, wire.pauseMs * 3))
    this.#setQuiet(silentMs > quietMs)
    wire.pauseMs *= 0.99
    const replaceMs = Math.max(REPLACE_MS, quietMs * 2)
    if (silentMs < replaceMs || replaceMs >= silenceMs || now - this.#replacedAt < silenceMs) return
    this.#replacedAt = now
    this.replace()
  }

  close(): void {
    this.#cancelReady?.()
    this.#link.close()
    this.#wires.clear()
    this.lanes.clear()
  }

  #opened(connection: Connection): void {
    const { facts, clock, up } = this.#parts
    const now = clock.monotonic()
    this.#wires.set(connection.id, {
      connection,
      nextSequence: null,
      unanswered: 0,
      heardAt: now,
      // Until it has been heard for a while nothing is known of its pauses.
      pauseMs: facts.link.silenceMs / 3,
    })
    for (const frame of facts.greet ?? []) connection.send(frame)
    this.#asking = [...this.lanes]
    this.#leaving = []
    for (const lane of this.lanes) {
      lane.isAcknowledged = false
      lane.hasData = false
      lane.attempts = 0
    }
    this.#flush()
    this.#setQuiet(false)
    up(this)
  }

  #heard(frame: string, receivedAt: Instant, connection: Connection): void {
    const wire = this.#wireOf(connection.id)
    if (wire === null) return
    const now = this.#parts.clock.monotonic()
    const pause = now - wire.heardAt
    wire.heardAt = now
    const usual = wire.pauseMs
    if (pause > usual || usual > QUIET_MS) wire.pauseMs = pause > usual ? pause : usual * 0.97
    if (this.isQuiet && connection.id === this.newest) this.#setQuiet(false)
    this.#parts.frame(frame, receivedAt, wire, this)
  }

  #down(down: Down): void {
    this.#wires.clear()
    this.isQuiet = false
    for (const lane of this.lanes) lane.askedAt = null
    this.#parts.down(this, down)
  }

  #retired(connection: Connection, down: Down | null): void {
    this.#wires.delete(connection.id)
    this.#parts.retired(this, connection, down)
  }

  #setQuiet(isQuiet: boolean): void {
    if (this.isQuiet === isQuiet) return
    this.isQuiet = isQuiet
    this.#parts.quiet(this, isQuiet)
  }

  #flush(): void {
    const { facts, clock } = this.#parts
    const wire = this.#wireOf(this.newest)
    const leaving = this.#leaving
    const asking = this.#asking
    this.#leaving = []
    this.#asking = []
    if (wire === null) return
    if (leaving.length > 0) this.#send(wire, facts.unsubscribe(leaving, this.#nextId))
    if (asking.length > 0) this.#send(wire, facts.subscribe(asking, this.#nextId))
    for (const lane of asking) {
      lane.askedAt = clock.monotonic()
      lane.isAcknowledged = false
      lane.hasData = false
      lane.renewAt = null
    }
  }

  #send(wire: Wire, frames: readonly string[]): void {
    this.#nextId += frames.length
    wire.unanswered += frames.length
    for (const frame of frames) wire.connection.send(frame)
  }

  /** Called when everything asked for on this socket flows. */
  settled(wire: Wire): void {
    this.#cancelReady?.()
    this.#cancelReady = this.#parts.clock.after(OVERLAP_MS, () => {
      this.#cancelReady = null
      wire.connection.ready()
    })
  }

  #wireOf(id: number | null): Wire | null {
    return id === null ? null : (this.#wires.get(id) ?? null)
  }
}
