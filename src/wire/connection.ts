/**
 * One WebSocket from opening to gone: what it may receive is bounded, what it sends is paced, its silence
 * is noticed, and nothing of it stays behind. It is told about by callbacks and never throws.
 */
import { WebSocket, type ClientOptions, type RawData } from 'ws'
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'
import { faultOf, type Connection, type Down, type LinkNumbers } from './down.ts'
import { PacedSender } from './paced-sender.ts'

export interface ConnectionParts {
  readonly id: number
  readonly url: string
  readonly clock: Clock
  readonly numbers: LinkNumbers
  readonly headers: Readonly<Record<string, string>>
  readonly opened: () => void
  readonly frame: (text: string, receivedAt: Instant) => void
  readonly gone: (down: Down) => void
  readonly isReady: () => void
}

/** A peer that takes the connection and says nothing is as good as none. */
const OPENING_MS = 4_000
/** What a peer at fault is given to read our close frame. */
const PARTING_MS = 500
const MAX_FRAGMENTS = 1_024
const MAX_BUFFERED_CHUNKS = 32_768

export class VenueConnection implements Connection {
  readonly id: number
  readonly #parts: ConnectionParts
  readonly #socket: WebSocket | null
  #openedAt: number | null = null
  #goneAt: number | null = null
  #heardAt: number
  #askedAt = Number.NEGATIVE_INFINITY
  #isOpen = false
  #isGone = false
  #fault: Down | null = null
  readonly #sender: PacedSender
  #timers: (() => void)[] = []

  constructor(parts: ConnectionParts) {
    this.id = parts.id
    this.#parts = parts
    this.#heardAt = parts.clock.monotonic()
    this.#sender = new PacedSender(parts.clock, parts.numbers.sendsPerSecond, (frame) => this.#write(frame))
    this.#socket = this.#open()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get heardAt(): number {
    return this.#heardAt
  }

  /** It was open at some time. */
  get wasOpen(): boolean {
    return this.#openedAt !== null
  }

  /** How long it has been open, or was. */
  get heldMs(): number {
    return this.#openedAt === null ? 0 : (this.#goneAt ?? this.#parts.clock.monotonic()) - this.#openedAt
  }

  send(frame: string): void {
    if (!this.#isGone) this.#sender.send(frame)
  }

  ready(): void {
    if (!this.#isGone) this.#parts.isReady()
  }

  /** Ours to end; `gone` is not called. */
  close(): void {
    const socket = this.#socket
    const wasOpen = this.#isOpen
    this.#free()
    if (socket === null) return
    socket.removeAllListeners()
    // Terminating a socket that is still opening reports an error that nobody waits for.
    socket.on('error', () => undefined)
    if (wasOpen && socket.readyState === WebSocket.OPEN) socket.close(1000)
    socket.terminate()
  }

  #open(): WebSocket | null {
    const { url, numbers, headers, clock } = this.#parts
    const bounds: ClientOptions = {
      perMessageDeflate: false,
      maxPayload: numbers.maxFrameBytes,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_BUFFERED_CHUNKS,
      headers,
    }
    try {
      const socket = new WebSocket(url, bounds)
      socket.on('open', () => this.#opened())
      socket.on('message', (data) => this.#heard(data))
      socket.on('ping', () => this.#alive())
      socket.on('pong', () => this.#alive())
      socket.on('error', (error) => this.#failed(error))
      socket.on('close', (code, reason) => this.#closed(code, reason.toString()))
      this.#timers.push(
        clock.after(OPENING_MS, () => {
          if (!this.#isOpen)
            this.#drop({ kind: 'refused', code: null, message: 'no answer to the handshake' })
        }),
      )
      return socket
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#timers.push(clock.after(0, () => this.#drop({ kind: 'refused', code: null, message })))
      return null
    }
  }

  #opened(): void {
    const { clock, numbers, opened } = this.#parts
    this.#isOpen = true
    this.#alive()
    this.#openedAt = this.#heardAt
    const shortest = Math.min(numbers.silenceMs, numbers.keepalive?.everyMs ?? numbers.silenceMs)
    this.#timers.push(clock.every(Math.min(1_000, Math.max(10, shortest / 4)), () => this.#listen()))
    opened()
    this.#sender.start()
  }

  #heard(data: RawData): void {
    this.#alive()
    this.#parts.frame(textOf(data), this.#parts.clock.now())
  }

  #alive(): void {
    this.#heardAt = this.#parts.clock.monotonic()
  }

  #listen(): void {
    const { clock, numbers } = this.#parts
    const now = clock.monotonic()
    const quietMs = now - this.#heardAt
    if (quietMs >= numbers.silenceMs) {
      this.#drop({ kind: 'silent', code: null, message: `nothing for ${Math.round(quietMs)} ms` })
      return
    }
    const { keepalive } = numbers
    if (keepalive === undefined || quietMs < keepalive.everyMs || now - this.#askedAt < keepalive.everyMs)
      return
    this.#askedAt = now
    this.send(keepalive.frame)
  }

  #failed(error: Error & { readonly code?: string }): void {
    this.#fault = faultOf(error, this.#isOpen)
    if (!this.#isOpen || this.#isGone) return
    // The peer is at fault and may go on sending: it gets a moment to read why, then the socket is cut.
    this.#timers.push(this.#parts.clock.after(PARTING_MS, () => this.#drop(this.#fault!)))
  }

  #closed(code: number, reason: string): void {
    const said = reason === '' ? '' : `: ${reason}`
    this.#drop(
      this.#fault ?? { kind: this.#isOpen ? 'closed' : 'refused', code, message: `closed ${code}${said}` },
    )
  }

  #drop(down: Down): void {
    if (this.#isGone) return
    this.close()
    this.#parts.gone(down)
  }

  #write(frame: string): void {
    // A failed write is followed by the close that explains it.
    this.#socket?.send(frame, () => undefined)
  }

  #free(): void {
    this.#goneAt ??= this.#parts.clock.monotonic()
    this.#isGone = true
    this.#isOpen = false
    this.#sender.stop()
    for (const cancel of this.#timers.splice(0)) cancel()
  }
}

const textOf = (data: RawData): string => {
  if (Buffer.isBuffer(data)) return data.toString()
  return Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data).toString()
}
