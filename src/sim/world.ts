/**
 * The market behind all venues: a fair price for every symbol at any instant, and what was traded before the
 * venues' tapes begin. Everything here is a pure function of seed and time, so two answers never disagree.
 */
import { baseOf, quoteOf } from '../domain/market.ts'
import { coinOf, STABLE } from './coins.ts'
import type { Coin } from './coins.ts'
import { chance, seedOf, walkOf } from './random.ts'

/** Prices in quote, volume in base units of the whole world. */
export interface Past {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export interface World {
  readonly coin: (base: string) => Coin
  /** Fair price, without any fault but a depeg. */
  readonly price: (symbol: string, at: number) => number
  readonly minute: (symbol: string, openAt: number) => Past
  readonly hour: (symbol: string, openAt: number) => Past
  /** What a day's trading comes to in base units, on average. */
  readonly dailyVolume: (base: string) => number
  /** Base units traded everywhere in the 24 hours before. */
  readonly volume24h: (base: string, at: number) => number
  /** Part of the position paid per hour by longs. */
  readonly fundingPerHour: (base: string, at: number) => number
  /** What the stablecoin is worth in units of its usual worth. */
  depeg: number
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000

export function createWorld(seed: number): World {
  const walks = new Map<string, (at: number) => number>()
  const hours = new Map<string, Map<number, Past>>()
  const coins = new Map<string, Coin>()

  const coin = (base: string): Coin => remembered(coins, base, () => coinOf(base))
  const dollars = (base: string, at: number): number => {
    const { anchor, volatility } = coin(base)
    const walk = remembered(walks, base, () => walkOf(seedOf(seed, base), volatility))
    return anchor * Math.exp(walk(at))
  }
  const past = (symbol: string, at: number): number => {
    const quote = quoteOf(symbol)
    const price = dollars(baseOf(symbol), at)
    return STABLE.has(quote) ? price / dollars(quote, at) : price
  }
  const dailyVolume = (base: string): number => coin(base).dailyVolume / coin(base).anchor

  const minute = (symbol: string, openAt: number): Past => {
    const open = past(symbol, openAt)
    const middle = past(symbol, openAt + MINUTE_MS / 2)
    const close = past(symbol, openAt + MINUTE_MS)
    const index = openAt / MINUTE_MS
    const drawn = seedOf(seed, symbol)
    const wick = STABLE.has(baseOf(symbol)) ? 0 : 0.0002
    return {
      open,
      high: Math.max(open, middle, close) * (1 + wick * chance(drawn, index, 1)),
      low: Math.min(open, middle, close) * (1 - wick * chance(drawn, index, 2)),
      close,
      volume: (dailyVolume(baseOf(symbol)) / 1440) * busyness(seed, baseOf(symbol), openAt),
    }
  }
  const hour = (symbol: string, openAt: number): Past =>
    remembered(
      remembered(hours, symbol, () => new Map<number, Past>()),
      openAt,
      () => fold(Array.from({ length: 60 }, (_, index) => minute(symbol, openAt + index * MINUTE_MS))),
    )

  const world: World = {
    coin,
    dailyVolume,
    minute,
    hour,
    depeg: 1,
    price: (symbol, at) => {
      const usual = past(symbol, at)
      if (quoteOf(symbol) === 'USDT') return usual / world.depeg
      return baseOf(symbol) === 'USDT' ? usual * world.depeg : usual
    },
    volume24h: (base, at) => {
      const last = Math.floor(at / HOUR_MS) * HOUR_MS
      let sum = 0
      for (let back = 1; back <= 24; back++) sum += hour(`${base}-USD`, last - back * HOUR_MS).volume
      return sum
    },
    fundingPerHour: (base, at) => {
      const step = Math.floor(at / (8 * HOUR_MS))
      return ((chance(seedOf(seed, `funding ${base}`), step) - 0.35) * 0.0002) / 8
    },
  }
  return world
}

/** Around one: quieter at night, livelier now and then. */
function busyness(seed: number, base: string, at: number): number {
  const drawn = seedOf(seed, base)
  const day = 1 + 0.35 * Math.sin(((at / HOUR_MS) % 24) * (Math.PI / 12) - 2)
  return day * (0.4 + 1.2 * chance(drawn, at / MINUTE_MS, 3))
}

function fold(parts: readonly Past[]): Past {
  const first = parts[0]!
  let { high, low, volume } = first
  for (const part of parts.slice(1)) {
    high = Math.max(high, part.high)
    low = Math.min(low, part.low)
    volume += part.volume
  }
  return { open: first.open, high, low, close: parts.at(-1)!.close, volume }
}

function remembered<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
