/**
 * REST answers that a stream needs to be whole again: a book's snapshot, and the trades a lost link hid.
 * One request at a time for each market, pauses that grow and respect what the venue says, nothing kept
 * going once nobody wants it.
 */
import type { Clock } from '../../domain/clock.ts'
import type { Transport } from '../../wire/http.ts'
import type { Reading, Request } from '../../wire/request.ts'

export interface Repair {
  /** Asks now, or when the pause that is running ends. Asking twice asks once. */
  ask(): void
  cancel(): void
  readonly isAsking: boolean
}

const FIRST_PAUSE_MS = 250
const LAST_PAUSE_MS = 10_000

export function createRepair<T>(options: {
  readonly clock: Clock
  readonly random: () => number
  readonly transport: Pick<Transport, 'send'>
  readonly request: () => Request<T> | null
  /** `again`: what came did not do, ask once more. */
  readonly take: (answer: T) => 'done' | 'again'
  /** After so many failures in a row `give` is called and asking stops. */
  readonly attempts: number
  readonly give: (reading: Reading<T> | null) => void
}): Repair {
  const { clock, random } = options
  let isSending = false
  let failures = 0
  let cancelPause: (() => void) | null = null
  let generation = 0

  const pause = (atLeastMs: number): void => {
    const ceiling = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 8))
    const ms = Math.max(atLeastMs, ceiling * (0.5 + random() / 2))
    cancelPause = clock.after(ms, () => {
      cancelPause = null
      void send()
    })
  }

  const failed = (reading: Reading<T> | null): void => {
    failures += 1
    if (failures >= options.attempts) {
      failures = 0
      options.give(reading)
    } else pause(reading !== null && !reading.ok ? (reading.failure.retryAfterMs ?? 0) : 0)
  }

  const send = async (): Promise<void> => {
    const request = options.request()
    if (request === null) return
    const mine = generation
    isSending = true
    const reading = await options.transport.send(request, {
      priority: failures === 0 ? 'user' : 'background',
    })
    if (mine !== generation) return
    isSending = false
    if (!reading.ok) failed(reading)
    else if (options.take(reading.value) === 'again') failed(null)
    else failures = 0
  }

  return {
    get isAsking() {
      return isSending || cancelPause !== null
    },
    ask() {
      if (!isSending && cancelPause === null) void send()
    },
    cancel() {
      generation += 1
      isSending = false
      failures = 0
      cancelPause?.()
      cancelPause = null
    },
  }
}
