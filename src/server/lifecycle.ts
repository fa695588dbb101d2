/** The order of leaving: take nothing new, let what is in flight be answered, then say goodbye to the sockets. */
import type { Server } from 'node:http'
import type { Clock } from '../domain/clock.ts'
import type { Websocket } from './websocket.ts'

export interface Departure {
  readonly server: Server
  readonly websocket: Websocket
  readonly clock: Clock
  /** Requests being answered. */
  readonly inFlight: InFlight
  /** The longest anyone is waited for. Streams over HTTP never end by themselves. */
  readonly withinMs: number
}

/** Resolves when every connection is gone. */
export async function leave({ server, websocket, clock, inFlight, withinMs }: Departure): Promise<void> {
  const isClosed = new Promise<void>((resolve) => server.close(() => resolve()))
  const stopWaiting = clock.after(withinMs, () => {
    inFlight.giveUp()
    websocket.cut()
    server.closeAllConnections()
  })
  await inFlight.isDone()
  // Answered, but kept alive by their clients: nothing more will come over them.
  server.closeIdleConnections()
  websocket.farewell()
  await isClosed
  stopWaiting()
}

/** Counts requests from arrival to the end of their answer. */
export class InFlight {
  #count = 0
  #isGivenUp = false
  readonly #waiting: (() => void)[] = []

  begin(): void {
    this.#count++
  }

  end(): void {
    this.#count--
    if (this.#count === 0) this.#wake()
  }

  giveUp(): void {
    this.#isGivenUp = true
    this.#wake()
  }

  async isDone(): Promise<void> {
    if (this.#count > 0 && !this.#isGivenUp) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
