/** Chance that repeats itself: one seed gives one market for ever. Hides the mixing of bits. */

/** Well mixed 32 bits of three numbers. */
export function hash(seed: number, a: number, b = 0): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(a | 0, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ Math.imul(b | 0, 0x27d4eb2f), 0x165667b1)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x85ebca6b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

const RANGE = 2 ** 32

/** The same, as a fraction in [0, 1). */
export const chance = (seed: number, a: number, b = 0): number => hash(seed, a, b) / RANGE

/** A seed that belongs to a name. */
export function seedOf(seed: number, name: string): number {
  let mixed = hash(seed, name.length)
  for (let at = 0; at < name.length; at++) mixed = Math.imul(mixed ^ name.charCodeAt(at), 0x01000193) >>> 0
  return hash(mixed, seed)
}

/** A stream of fractions in [0, 1). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / RANGE
  }
}

const SHORTEST_MS = 2_000
const OCTAVES = 12
const YEAR_MS = 31_557_600_000

/**
 * A walk that can be asked for any instant, past or coming: waves of many lengths, each as high as a random
 * walk strays in its time. Answers the logarithm of a price, zero in the long run.
 */
export function walkOf(seed: number, volatility: number): (at: number) => number {
  const cells = new Float64Array(OCTAVES).fill(-1)
  const left = new Float64Array(OCTAVES)
  const right = new Float64Array(OCTAVES)
  const heights = Float64Array.from(
    { length: OCTAVES },
    (_, octave) => 0.6 * volatility * Math.sqrt((SHORTEST_MS * 4 ** octave) / YEAR_MS),
  )
  return (at) => {
    let sum = 0
    let length = SHORTEST_MS
    for (let octave = 0; octave < OCTAVES; octave++, length *= 4) {
      const place = at / length
      const cell = Math.floor(place)
      if (cells[octave] !== cell) {
        cells[octave] = cell
        left[octave] = chance(seed, cell, octave) * 2 - 1
        right[octave] = chance(seed, cell + 1, octave) * 2 - 1
      }
      const part = place - cell
      const eased = part * part * (3 - 2 * part)
      sum += heights[octave]! * (left[octave]! + (right[octave]! - left[octave]!) * eased)
    }
    return sum
  }
}
