/**
 * How many want something, and for how long after the last one left it is kept: a reader that comes back
 * within the linger finds everything as it was.
 */
import type { Clock } from '../../domain/clock.ts'

export interface Demand {
  readonly isWanted: boolean
  /** Returns how to let go, once. */
  want(): () => void
  /** Cancels the linger. */
  close(): void
}

export function createDemand(options: {
  readonly clock: Clock
  readonly lingerMs: number
  readonly start: () => void
  readonly stop: () => void
}): Demand {
  let readers = 0
  let cancel: (() => void) | null = null

  const leave = () => {
    readers -= 1
    if (readers > 0) return
    cancel = options.clock.after(options.lingerMs, () => {
      cancel = null
      options.stop()
    })
  }

  return {
    get isWanted() {
      return readers > 0 || cancel !== null
    },
    want() {
      const isRunning = readers > 0 || cancel !== null
      readers += 1
      cancel?.()
      cancel = null
      if (!isRunning) options.start()
      let isHeld = true
      return () => {
        if (isHeld) leave()
        isHeld = false
      }
    },
    close() {
      cancel?.()
      cancel = null
    },
  }
}
