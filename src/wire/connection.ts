/**
 * One WebSocket from opening to gone: what it may receive is bounded, what it sends is paced, its silence
 * is noticed, and nothing of it stays behind. It is told about by callbacks and never throws.
 */
import { WebSocket, type ClientOptions, type RawData } from 'ws'
import type { Instant } from '../domain/attribution.ts'
import type { Clock } from '../domain/clock.ts'

/** What the venue's facts say about one connection. */
export interface LinkNumbers {
  readonly keepalive?: { readonly everyMs: number; readonly frame: string }
  readonly silenceMs: number
  readonly lifetimeMs: number | null
  readonly sendsPerSecond: number
  readonly connectsPerMinute: number
  readonly maxFrameBytes: number
}

/**
 * refused: never opened · closed: the venue hung up · silent: nothing came for too long · oversized: a frame
 * beyond the limit (1009) · fragmented: too many pieces (1008) · broken: any other fault of the wire.
 */
export type DownKind = 'refused' | 'closed' | 'silent' | 'oversized' | 'fragmented' | 'broken'

export interface Down {
  readonly kind: DownKind
  /** The close code, where there was one. */
  readonly code: number | null
  readonly message: string
}

export interface Connection {
  /** Rises by one with every socket of the link. */
  readonly id: number
  readonly isOpen: boolean
  /** Monotonic milliseconds of the last sign of life. */
  readonly heardAt: number
  /** Queued, and sent no faster than the venue allows. */
  send(frame: string): void
  /** Everything wanted flows here now: a predecessor may be closed. */
  ready(): void
}

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

const OPENING_MS = 10_000
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
  #queue: string[] = []
  #sendsAt = 0
  #timers: (() => void)[] = []
  #cancelSend: (() => void) | null = null

  constructor(parts: ConnectionParts) {
    this.id = parts.id
    this.#parts = parts
    this.#heardAt = parts.clock.monotonic()
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
    if (this.#isGone) return
    this.#queue.push(frame)
    this.#drain()
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
    this.#drain()
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

  #drain(): void {
    if (!this.#isOpen || this.#cancelSend !== null) return
    const { clock, numbers } = this.#parts
    const frame = this.#queue[0]
    if (frame === undefined) return
    const waitMs = this.#sendsAt - clock.monotonic()
    if (waitMs <= 0) {
      this.#queue.shift()
      this.#sendsAt = clock.monotonic() + 1_000 / numbers.sendsPerSecond
      this.#socket?.send(frame, () => undefined)
      this.#drain()
      return
    }
    this.#cancelSend = clock.after(waitMs, () => {
      this.#cancelSend = null
      this.#drain()
    })
  }

  #free(): void {
    this.#goneAt ??= this.#parts.clock.monotonic()
    this.#isGone = true
    this.#isOpen = false
    this.#cancelSend?.()
    this.#cancelSend = null
    for (const cancel of this.#timers.splice(0)) cancel()
    this.#queue = []
  }
}

const textOf = (data: RawData): string => {
  if (Buffer.isBuffer(data)) return data.toString()
  return Array.isArray(data) ? Buffer.concat(data).toString() : Buffer.from(data).toString()
}

const faultOf = (error: Error & { readonly code?: string }, isOpen: boolean): Down => {
  const message = error.message === '' ? (error.code ?? 'failed') : error.message
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return { kind: 'oversized', code: 1009, message }
  if (error.code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return { kind: 'fragmented', code: 1008, message }
  return { kind: isOpen ? 'broken' : 'refused', code: null, message }
}
