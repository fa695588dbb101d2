import { describe, expect, it } from 'vitest'
import { vadrOf } from '../../src/domain/vadr.ts'

const HOUR = 3_600_000
/** Hours of volume one after another, the last of them just closed. */
const hours = (...volumes: readonly string[]) =>
  volumes.map((volume, hour) => ({ openTime: hour * HOUR, volume }))
const ones = (count: number) => Array.from({ length: count }, () => '1')
const justAfter = (count: number) => count * HOUR + 1

describe('the volume surge of a venue', () => {
  it('is frozen with nineteen hours of history', () => {
    expect(vadrOf(hours(...ones(19), '2'), justAfter(20))).toEqual({ value: null, isFrozen: true, hours: 19 })
  })

  it('is two when the last hour doubles twenty hours of history', () => {
    expect(vadrOf(hours(...ones(20), '2'), justAfter(21))).toEqual({ value: 2, isFrozen: false, hours: 20 })
  })

  it('is one when nothing changes, in tenths too', () => {
    expect(vadrOf(hours(...ones(30)), justAfter(30)).value).toBe(1)
    expect(vadrOf(hours(...ones(30).map(() => '0.1')), justAfter(30)).value).toBe(1)
  })

  it('never counts an hour that is still open', () => {
    const still = hours(...ones(20), '2', '1000')
    expect(vadrOf(still, 22 * HOUR - 1)).toEqual({ value: 2, isFrozen: false, hours: 20 })
    expect(vadrOf(still, 22 * HOUR).value).toBeCloseTo(1000 / (22 / 21), 9)
  })

  it('looks back 168 hours and no further', () => {
    const long = hours(...Array.from({ length: 100 }, () => '1000'), ...ones(168), '3')
    expect(vadrOf(long, justAfter(269))).toEqual({ value: 3, isFrozen: false, hours: 168 })
  })

  it('counts an hour without a candle as an hour without a trade', () => {
    const all = hours(...ones(24), '2')
    const gaps = all.filter((_, hour) => hour % 2 === 0)
    expect(vadrOf(gaps.toReversed(), justAfter(25))).toEqual({ value: 4, isFrozen: false, hours: 24 })
  })

  it('is frozen where nothing was ever traded, or nothing is known', () => {
    expect(vadrOf(hours(...ones(30).map(() => '0'), '5'), justAfter(31))).toMatchObject({
      value: null,
      isFrozen: true,
    })
    expect(vadrOf([], 0)).toEqual({ value: null, isFrozen: true, hours: 0 })
  })
})
