/**
 * The door for sockets: which pages may open one, how many there may be, who is behind it, and how much it may
 * say. Hides the counting.
 */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../domain/clock.ts'
import { FacadeError } from '../domain/errors.ts'
import type { Settings } from '../environment.ts'
import { addressOf } from './address.ts'
import { credentialsIn, credentialsOf } from './auth.ts'
import type { Auth, Identity } from './auth.ts'
import { countIn } from './counters.ts'
import type { Counters } from './counters.ts'
import type { Origins } from './origins.ts'
import type { Rates } from './rates.ts'
import type { OpenSocket } from './websocket.ts'

export interface Refusal {
  readonly status: number
  readonly reason: string
}

/** Who may come in, and as whom. Everyone may where a part is left out. */
export interface Door {
  /** Before the upgrade: a status to refuse with, or null. */
  admit?(request: IncomingMessage): Refusal | null
  /** On `connection_init`, and when a `ping` brings new credentials: null closes with 4403. */
  greet?(request: IncomingMessage, parameters: Readonly<Record<string, unknown>>): Promise<Identity | null>
  /** For every message and ping: false closes with 4429. */
  hear?(reader: OpenSocket): boolean
  /** Before each operation, with how many the socket runs already: why it is not let in, or null. */
  allow?(reader: OpenSocket, running: number): Promise<FacadeError | null>
}

export interface DoorParts {
  readonly settings: Pick<
    Settings,
    'mostSockets' | 'mostSocketsPerAddress' | 'mostOperationsPerSocket' | 'messagesPerSecond' | 'proxies'
  >
  readonly auth: Auth
  readonly origins: Origins
  readonly rates: Rates
  readonly clock: Clock
  readonly counters: Counters
}

/** A client that comes back says a lot at once; this many seconds' worth is let through. */
const BURST_SECONDS = 5

export function createDoor(parts: DoorParts): Door {
  const { settings, auth, origins, rates, clock, counters } = parts
  const places = createPlaces(settings)
  const budgets = new WeakMap<OpenSocket, Budget>()
  const refuse = (why: string, status: number, reason: string): Refusal => {
    countIn(counters.refusals, why)
    return { status, reason }
  }
  return {
    admit(request) {
      if (!origins.admits(request.headers)) return refuse('origin', 403, 'Forbidden')
      const leave = places.take(addressOf(request, settings.proxies))
      if (leave === null) return refuse('sockets', 503, 'Service Unavailable')
      request.socket.once('close', leave)
      return null
    },
    async greet(request, parameters) {
      const said = credentialsIn(parameters)
      const isSaid = said.key !== null || said.token !== null
      const identity = await auth.identify(isSaid ? said : credentialsOf(request.headers))
      if (identity === null) countIn(counters.refusals, 'credentials')
      return identity
    },
    hear(reader) {
      const budget = budgets.get(reader) ?? new Budget(settings.messagesPerSecond, clock)
      budgets.set(reader, budget)
      if (budget.take()) return true
      countIn(counters.refusals, 'messages')
      return false
    },
    async allow({ request, principal }, running) {
      counters.operations++
      if (running > settings.mostOperationsPerSocket) {
        countIn(counters.refusals, 'operations')
        const rule = `A socket runs at most ${settings.mostOperationsPerSocket} operations at once.`
        return new FacadeError('RATE_LIMITED', rule, { limit: settings.mostOperationsPerSocket })
      }
      const rate = await rates.take(addressOf(request, settings.proxies), principal?.id ?? null)
      if (rate === null || rate.isAllowed) return null
      countIn(counters.refusals, 'rate')
      return tooMany(rate.limit, clock.now() + rate.resetMs)
    },
  }
}

export const tooMany = (limit: number, retryAt: number): FacadeError =>
  new FacadeError('RATE_LIMITED', `At most ${limit} operations a minute are run.`, { limit, retryAt })

/** How many sockets there are, in all and by address. */
function createPlaces({
  mostSockets,
  mostSocketsPerAddress,
}: Pick<Settings, 'mostSockets' | 'mostSocketsPerAddress'>) {
  const byAddress = new Map<string, number>()
  let all = 0
  return {
    /** How to leave again; null when there is no place. */
    take(address: string): (() => void) | null {
      const here = byAddress.get(address) ?? 0
      if (all >= mostSockets || here >= mostSocketsPerAddress) return null
      all++
      byAddress.set(address, here + 1)
      return () => {
        all--
        const left = (byAddress.get(address) ?? 1) - 1
        if (left === 0) byAddress.delete(address)
        else byAddress.set(address, left)
      }
    },
  }
}

/** So many a second, and a burst. */
class Budget {
  readonly #perSecond: number
  readonly #clock: Clock
  #left: number
  #filledAt: number

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#left = perSecond * BURST_SECONDS
    this.#filledAt = clock.monotonic()
  }

  take(): boolean {
    const now = this.#clock.monotonic()
    const earned = ((now - this.#filledAt) / 1000) * this.#perSecond
    this.#left = Math.min(this.#perSecond * BURST_SECONDS, this.#left + earned)
    this.#filledAt = now
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
