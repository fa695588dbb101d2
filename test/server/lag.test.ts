import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/domain/clock.ts'
import { watchLag } from '../../src/server/lag.ts'

/** A loop whose looks come as late as they are told to. */
function lateLoop() {
  let at = 0
  let look = (): void => {}
  const clock: Clock = {
    now: () => at,
    monotonic: () => at,
    after: () => () => {},
    every: (_ms, run) => {
      look = run
      return () => {}
    },
  }
  const lag = watchLag(clock)
  return {
    lag,
    lookLate(ms: number) {
      at += 100 + ms
      look()
    },
  }
}

describe('the event loop', () => {
  it('that stalls once, for one long task, is late now and not overloaded', () => {
    const { lag, lookLate } = lateLoop()
    lookLate(0)
    lookLate(900)
    expect(lag.now()).toBe(900)
    expect(lag.standing()).toBe(0)
  })

  it('that is late look after look is overloaded, until it catches up once', () => {
    const { lag, lookLate } = lateLoop()
    for (const ms of [250, 400, 300]) lookLate(ms)
    expect(lag.standing()).toBe(250)
    lookLate(5)
    expect(lag.standing()).toBe(5)
  })
})
