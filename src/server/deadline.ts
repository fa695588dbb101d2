/**
 * How long one operation may wait for the facade. Hides the timer, which runs only while something is waited for: when
 * the time is up, or the asker has left, what has not been answered is given up, and what has been stays answered.
 */
import type { Clock } from '../domain/clock.ts'
import { refused } from '../domain/errors.ts'
import type { Outcome } from '../domain/errors.ts'
import type { Facade, Warm } from '../facade/facade.ts'

/** For what is asked again after the end, so that what is at hand then is still answered. */
const GRACE_MS = 250

export interface DeadlineOptions {
  readonly clock: Clock
  readonly withinMs: number
  /** Called once when the time was up before everything was answered. */
  readonly onLate?: () => void
}

export class Deadline {
  readonly #options: DeadlineOptions
  readonly #hangUp = new AbortController()
  readonly #waiting = new Set<() => void>()
  #isLeft = false
  #endsAt: number | null = null
  #stop: (() => void) | null = null

  constructor(options: DeadlineOptions) {
    this.#options = options
  }

  /** Aborted when the asker has left or the time is up. */
  get signal(): AbortSignal {
    return this.#hangUp.signal
  }

  /** The asker has left: nothing is worth waiting for any more. */
  hangUp(): void {
    this.#isLeft = true
    this.#giveUp()
  }

  /** What the work comes to, or `late` when that takes too long. Time counts from the first thing waited for. */
  within<T>(work: Promise<T>, late: (error: Outcome<never>) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => resolve(late(this.#refusal()))
      if (this.#isLeft) {
        work.catch(() => undefined)
        return giveUp()
      }
      if (this.#waiting.size === 0) this.#arm()
      const over = (): void => {
        this.#waiting.delete(giveUp)
        if (this.#waiting.size === 0) this.#disarm()
      }
      this.#waiting.add(giveUp)
      work.then(
        (value) => (over(), resolve(value)),
        (error: unknown) => (over(), reject(error)),
      )
    })
  }

  #arm(): void {
    const { clock, withinMs, onLate } = this.#options
    const now = clock.monotonic()
    this.#endsAt ??= now + withinMs
    this.#stop = clock.after(Math.max(GRACE_MS, this.#endsAt - now), () => {
      if (!this.signal.aborted) onLate?.()
      this.#giveUp()
    })
  }

  #disarm(): void {
    this.#stop?.()
    this.#stop = null
  }

  #giveUp(): void {
    this.#disarm()
    this.#hangUp.abort()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const giveUp of waiting) giveUp()
  }

  #refusal(): Outcome<never> {
    const { clock, withinMs } = this.#options
    const seconds = withinMs / 1000
    const retryAt = clock.now()
    return refused('SOURCE_UNAVAILABLE', `Nobody answered within ${seconds} s.`, { retryAt })
  }
}

/** The facade as one operation sees it: everything answered once is answered in time. */
export function timely(facade: Facade, deadline: Deadline): Facade {
  const { universe, hot } = facade
  return {
    universe,
    hot,
    warm: new TimelyWarm(facade.warm, deadline),
    snapshot: (id) => deadline.within(facade.snapshot(id), (late) => late),
    health: () => facade.health(),
    healthChanges: () => facade.healthChanges(),
    noteServed: (venue, receivedAt) => facade.noteServed(venue, receivedAt),
  }
}

type Asked<K extends keyof Warm> = Parameters<Warm[K]>

/** Methods rather than closures: one is made for every operation. */
class TimelyWarm implements Warm {
  readonly #warm: Warm
  readonly #deadline: Deadline

  constructor(warm: Warm, deadline: Deadline) {
    this.#warm = warm
    this.#deadline = deadline
  }

  prices(...asked: Asked<'prices'>) {
    return this.#each(asked[0], this.#warm.prices(...asked))
  }

  volumes(...asked: Asked<'volumes'>) {
    return this.#each(asked[0], this.#warm.volumes(...asked))
  }

  vadr(...asked: Asked<'vadr'>) {
    return this.#each(asked[0], this.#warm.vadr(...asked))
  }

  liquidity(...asked: Asked<'liquidity'>) {
    return this.#each(asked[0], this.#warm.liquidity(...asked))
  }

  funding(...asked: Asked<'funding'>) {
    return this.#each(asked[0], this.#warm.funding(...asked))
  }

  openInterest(...asked: Asked<'openInterest'>) {
    return this.#each(asked[0], this.#warm.openInterest(...asked))
  }

  klines(...asked: Asked<'klines'>) {
    return this.#one(this.#warm.klines(...asked))
  }

  book(...asked: Asked<'book'>) {
    return this.#one(this.#warm.book(...asked))
  }

  consolidatedBook(...asked: Asked<'consolidatedBook'>) {
    return this.#one(this.#warm.consolidatedBook(...asked))
  }

  #one<T>(answer: Promise<Outcome<T>>): Promise<Outcome<T>> {
    return this.#deadline.within(answer, (late) => late)
  }

  #each<T>(
    requests: readonly unknown[],
    answers: Promise<readonly Outcome<T>[]>,
  ): Promise<readonly Outcome<T>[]> {
    return this.#deadline.within(answers, (late) => requests.map(() => late))
  }
}
