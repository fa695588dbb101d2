/** R42: readers are let go in turns, so that they do not all come back in the same instant. */
import { expect, it } from 'vitest'
import { sayGoodbye } from '../../src/server/crowd.ts'
import { TestClock } from '../support/clock.ts'

function crowd(size: number) {
  const codes: number[] = []
  const sockets = Array.from({ length: size }, () => ({ close: (code = 0) => void codes.push(code) }))
  return { codes, sockets }
}

it('a few readers are told at once that the server goes away', () => {
  const { codes, sockets } = crowd(100)
  const clock = new TestClock()
  sayGoodbye(sockets, clock)
  expect([codes.length, clock.pendingTimers]).toEqual([100, 0])
  expect(new Set(codes)).toEqual(new Set([1001]))
})

it('ten thousand are told evenly over one second, each one once, all with 1001', () => {
  const { codes, sockets } = crowd(10_000)
  const clock = new TestClock()
  sayGoodbye(sockets, clock)
  const told = [codes.length]
  for (let tenth = 0; tenth < 10; tenth++) {
    clock.advance(100)
    told.push(codes.length)
  }
  expect(told).toEqual([100, 1_100, 2_100, 3_100, 4_100, 5_100, 6_100, 7_100, 8_100, 9_100, 10_000])
  expect(new Set(codes)).toEqual(new Set([1001]))
  expect(clock.pendingTimers).toBe(0)
})
