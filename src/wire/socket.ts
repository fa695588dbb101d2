/**
 * One link: a WebSocket to one URL that is always open or about to be. It reconnects with growing, jittered
 * waits, replaces a silent socket, and before the venue's lifetime ends it opens the next one first:
 * meanwhile both deliver, and the owner drops what comes twice.
 */
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import { backoffMs, ConnectGate } from './backoff.ts'
import { VenueConnection } from './connection.ts'
import type { Connection, Down, LinkNumbers } from './down.ts'

export type { Connection, Down, DownKind, LinkNumbers } from './down.ts'
export { ConnectGate } from './backoff.ts'

export interface LinkOptions {
  readonly url: string
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly limits: LinkNumbers
  readonly headers?: Readonly<Record<string, string>>
  /** Shared by the links of one venue, so that together they respect its attempts a minute. */
  readonly gate?: ConnectGate
  /** A socket opened: greet and subscribe on it, and call `connection.ready()` once everything flows. */
  readonly onOpen: (connection: Connection) => void
  readonly onFrame: (frame: string, receivedAt: Instant, connection: Connection) => void
  /** No socket is open any more: everything the link carried is stale. Reconnecting has begun. */
  readonly onDown: (down: Down) => void
  /** A socket went while another carries on: what was known from it alone is stale. `down` null: retired by plan. */
  readonly onRetired?: (connection: Connection, down: Down | null) => void
  /** Every failure to open and every loss, for counting and the log. */
  readonly onFailure?: (down: Down) => void
}

export interface Link {
  readonly isConnected: boolean
  /** Newest open socket; null when none is. */
  readonly connection: Connection | null
  /** Sockets opened after the first. */
  readonly reconnects: number
  readonly attempts: number
  /** On the newest socket; dropped when none is open (the owner subscribes again on `onOpen`). */
  send(frame: string): void
  /** Opens a successor now and retires the present socket once that is ready. */
  replace(): void
  /** For good: no socket, timer or listener is left. */
  close(): void
}

/** A connection that held this long ends a row of failures. */
const STEADY_MS = 10_000
/** A successor nobody called ready is trusted after this. */
const READY_WITHIN_MS = 10_000
/** Where in its lifetime a socket is replaced, spread so that links do not move together. */
const REPLACE_FROM = 0.9
const REPLACE_SPREAD = 0.05

export const openLink = (options: LinkOptions): Link => new VenueLink(options)

class VenueLink implements Link {
  readonly #options: LinkOptions
  readonly #gate: ConnectGate
  #current: VenueConnection | null = null
  #successor: VenueConnection | null = null
  #isClosed = false
  #failures = 0
  #attempts = 0
  #opened = 0
  #cancelAttempt: (() => void) | null = null
  #cancelLifetime: (() => void) | null = null
  #cancelReady: (() => void) | null = null

  constructor(options: LinkOptions) {
    this.#options = options
    this.#gate = options.gate ?? new ConnectGate(options.clock, options.limits.connectsPerMinute)
    this.#attemptIn(0)
  }

  get isConnected(): boolean {
    return this.#current?.isOpen === true || this.#successor?.isOpen === true
  }

  get connection(): Connection | null {
    if (this.#successor?.isOpen === true) return this.#successor
    return this.#current?.isOpen === true ? this.#current : null
  }

  get reconnects(): number {
    return Math.max(0, this.#opened - 1)
  }

  get attempts(): number {
    return this.#attempts
  }

  send(frame: string): void {
    this.connection?.send(frame)
  }

  replace(): void {
    if (this.#isClosed || this.#successor !== null || this.#cancelAttempt !== null) return
    if (this.#current?.isOpen === true) this.#attemptIn(0)
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
    this.#cancelAttempt?.()
    this.#cancelAttempt = null
    this.#current?.close()
    this.#successor?.close()
    this.#current = this.#successor = null
  }

  #attemptIn(ms: number): void {
    const wait = this.#gate.reserve(ms)
    if (wait <= 0) {
      this.#attempt()
      return
    }
    this.#cancelAttempt = this.#options.clock.after(wait, () => {
      this.#cancelAttempt = null
      this.#attempt()
    })
  }

  #attempt(): void {
    const { url, clock, limits, headers = {} } = this.#options
    this.#attempts += 1
    const connection: VenueConnection = new VenueConnection({
      id: this.#attempts,
      url,
      clock,
      numbers: limits,
      headers,
      opened: () => this.#open(connection),
      frame: (text, receivedAt) => this.#options.onFrame(text, receivedAt, connection),
      gone: (down) => this.#gone(connection, down),
      isReady: () => this.#ready(connection),
    })
    if (this.#current === null) this.#current = connection
    else this.#successor = connection
  }

  #open(connection: VenueConnection): void {
    const { clock, limits, random, onOpen } = this.#options
    this.#opened += 1
    this.#cancel()
    if (limits.lifetimeMs !== null) {
      const replaceMs = limits.lifetimeMs * (REPLACE_FROM + REPLACE_SPREAD * random())
      this.#cancelLifetime = clock.after(replaceMs, () => this.replace())
    }
    if (connection === this.#successor) {
      this.#cancelReady = clock.after(READY_WITHIN_MS, () => this.#ready(connection))
    }
    onOpen(connection)
  }

  /** The successor carries everything: the old socket has done its work. */
  #ready(connection: VenueConnection): void {
    if (connection !== this.#successor) return
    const retired = this.#current
    this.#promote()
    retired?.close()
    if (retired !== null) this.#options.onRetired?.(retired, null)
  }

  #promote(): void {
    this.#cancelReady?.()
    this.#cancelReady = null
    this.#current = this.#successor
    this.#successor = null
  }

  #gone(connection: VenueConnection, down: Down): void {
    if (this.#isClosed) return
    const { onDown, onRetired, onFailure, random } = this.#options
    this.#failures = connection.heldMs >= STEADY_MS ? 1 : this.#failures + 1
    const wasSuccessor = connection === this.#successor
    if (wasSuccessor) this.#successor = null
    else this.#promote()
    onFailure?.(down)
    const isNeeded = wasSuccessor || this.#current === null
    if (isNeeded && this.#cancelAttempt === null) this.#attemptIn(backoffMs(this.#failures, random()))
    if (!connection.wasOpen) return
    if (this.isConnected) onRetired?.(connection, down)
    else onDown(down)
  }

  #cancel(): void {
    this.#cancelLifetime?.()
    this.#cancelReady?.()
    this.#cancelLifetime = this.#cancelReady = null
  }
}
