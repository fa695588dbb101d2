/** What the perpetual swaps of a coin have in common at every venue: mark price and open interest. */
import { chance, seedOf } from './random.ts'
import { HOUR_MS } from './world.ts'
import type { World } from './world.ts'

export function markOf(world: World, symbol: string, at: number): number {
  const premium = (chance(seedOf(3, symbol), Math.floor(at / 10_000)) - 0.5) * 0.0004
  return world.price(symbol, at) * (1 + premium)
}

/** Base units at the largest venue. */
export function interestOf(world: World, base: string, at: number): number {
  return world.dailyVolume(base) * (0.35 + 0.05 * chance(seedOf(4, base), Math.floor(at / HOUR_MS)))
}
