/** One WebSocket connection of a simulated venue: everything it sends passes the faults and is counted. Hides how frames get lost, doubled, late and out of order. */
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Source } from '../domain/market.ts'
import type { Counts } from './counts.ts'
import type { Faults, FrameKind } from './faults.ts'

export interface Frame {
  readonly kind: FrameKind
  /** Ours; null where the frame belongs to the connection. */
  readonly symbol: string | null
  readonly text: string
  /** Present where the venue counts the frames of a connection: the number stands between `text` and this. */
  readonly tail?: string
  readonly trades?: number
}

/** Runs something later, in the simulation's own time. */
export type Later = (ms: number, run: () => void) => void

export interface LinkOptions {
  readonly source: Source
  readonly path: string
  /** The connection beneath the WebSocket. */
  readonly wire: Duplex
  readonly faults: Faults
  readonly counts: Counts
  readonly now: () => number
  readonly later: Later
}

export class Link {
  readonly path: string
  /** Whatever the venue's server needs to remember of a connection. */
  readonly topics = new Set<string>()
  readonly socket: WebSocket
  /** Frames of this connection so far, lost ones included. */
  sequence = 0
  /** The last update of a book that went out here: what spoiled frames are made from. */
  lastBook: { readonly symbol: string | null; readonly text: string } = {
    symbol: null,
    text: '{"data":{"price":"1.5"}}',
  }
  readonly #options: LinkOptions
  #held: readonly Prepared[] = []
  #lastDue = 0
  #isHoled = false

  constructor(socket: WebSocket, options: LinkOptions) {
    this.socket = socket
    this.path = options.path
    this.#options = options
  }

  send(frame: Frame): void {
    const { source, faults, counts } = this.#options
    if (this.socket.readyState !== this.socket.OPEN) return
    const isCounted = frame.tail !== undefined
    if (isCounted && faults.strike('gap', source, frame.symbol)) {
      counts.gaps++
      this.sequence++
    }
    const text = isCounted ? `${frame.text}${this.sequence++}${frame.tail}` : frame.text
    const prepared = { text, frame }
    if (this.#isHoled || faults.strike('silence', source, frame.symbol)) {
      counts.silenced++
      return
    }
    this.#route(prepared)
  }

  /** Sends as it is, past all counting of sequences, rates and kinds. */
  sendRaw(data: string | Buffer, options: { readonly fin?: boolean; readonly binary?: boolean } = {}): void {
    if (this.socket.readyState !== this.socket.OPEN) return
    this.socket.send(data, { fin: true, binary: false, ...options }, () => {})
  }

  /** Bytes past the WebSocket itself: frames no server may send. */
  sendBytes(bytes: Buffer): void {
    if (this.socket.readyState === this.socket.OPEN) this.#options.wire.write(bytes)
  }

  ping(): void {
    if (!this.#isHoled && this.socket.readyState === this.socket.OPEN) this.socket.ping('')
  }

  pong(data: Buffer): void {
    if (!this.#isHoled && this.socket.readyState === this.socket.OPEN) this.socket.pong(data)
  }

  get isHoled(): boolean {
    return this.#isHoled
  }

  /** A holed connection neither hears nor speaks, and nobody is told. */
  set isHoled(isHoled: boolean) {
    if (isHoled === this.#isHoled) return
    this.#isHoled = isHoled
    if (isHoled) this.socket.pause()
    else this.socket.resume()
  }

  #route(prepared: Prepared): void {
    const { source, faults, counts } = this.#options
    const { kind, symbol } = prepared.frame
    // What was held back follows the next frame of its kind.
    const released = this.#held.filter(({ frame }) => frame.symbol === symbol && frame.kind === kind)
    if (released.length > 0) this.#held = this.#held.filter((held) => !released.includes(held))
    let copies = 1
    for (const fault of faults.rated(source, symbol, kind)) {
      if (released.length > 0 && fault.command.kind === 'reorder') continue
      fault.seen++
      if (fault.seen % (fault.command.oneIn ?? 1) !== 0) continue
      fault.applied++
      if (fault.command.kind === 'drop') {
        counts.dropped++
        copies = 0
        break
      }
      if (fault.command.kind === 'duplicate') {
        counts.duplicated++
        copies++
      } else {
        counts.reordered++
        this.#held = [...this.#held, prepared]
        copies = 0
        break
      }
    }
    for (let copy = 0; copy < copies; copy++) this.#deliver(prepared)
    for (const held of released) this.#deliver(held)
  }

  #deliver({ text, frame }: Prepared): void {
    const { source, faults, counts, now, later } = this.#options
    counts.framesSent++
    counts.tradesSent += frame.trades ?? 0
    if (frame.kind === 'book') {
      counts.deltasSent++
      this.lastBook = { symbol: frame.symbol, text }
    }
    const lag = faults.find('lag', source, frame.symbol)
    const at = now()
    const due = lag?.command.kind === 'lag' ? Math.max(at + lag.command.ms, this.#lastDue) : this.#lastDue
    if (due <= at) {
      this.socket.send(text)
      return
    }
    if (lag !== undefined) lag.applied++
    this.#lastDue = due
    later(due - at, () => this.sendRaw(text))
  }
}

interface Prepared {
  readonly text: string
  readonly frame: Frame
}
