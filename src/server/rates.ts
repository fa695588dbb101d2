/**
 * How much one address and one holder of a key may ask in a minute. Counted in Redis where there is one, so that
 * several of us count together; in memory while it is away. Hides the limiter and its store.
 */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { openLink } from '../store/link.ts'

export interface Rate {
  readonly isAllowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Milliseconds until the count starts anew. */
  readonly resetMs: number
}

export interface Rates {
  /** The tighter of the two, with one more counted; null where nothing is limited. */
  take(address: string, principalId: string | null): Promise<Rate | null>
  close(): void
}

export interface RatesOptions {
  /** 0: any number. */
  readonly perAddress: number
  readonly perPrincipal: number
  readonly redisUrl?: string | null
  readonly prefix?: string
  /** Told once when Redis goes and once when it is back. */
  readonly onRedis?: (isConnected: boolean) => void
}

const SECONDS = 60
/** Counts and says when they end, at once. */
const COUNT = `
local count = redis.call('incrby', KEYS[1], ARGV[1])
local left = redis.call('pttl', KEYS[1])
if left < 0 then redis.call('expire', KEYS[1], ARGV[2]) left = 1000 * ARGV[2] end
return {count, left}`

type Limiter = (key: string) => Promise<Rate>

export function createRates(options: RatesOptions): Rates {
  const { perAddress, perPrincipal, redisUrl = null } = options
  const redis = redisUrl === null ? null : connect(redisUrl, options.onRedis ?? (() => undefined))
  const prefix = options.prefix ?? 'cryptorun:'
  const limiter = (what: string, points: number): Limiter | null =>
    points === 0 ? null : limiterOf({ points, keyPrefix: `${prefix}rate:${what}` }, redis)
  const byAddress = limiter('address', perAddress)
  const byPrincipal = limiter('principal', perPrincipal)
  return {
    async take(address, principalId) {
      const counts = [
        ...(byAddress === null ? [] : [byAddress(address)]),
        ...(byPrincipal === null || principalId === null ? [] : [byPrincipal(principalId)]),
      ]
      const rates = await Promise.all(counts)
      return rates.reduce<Rate | null>((tightest, rate) => tighter(tightest, rate), null)
    },
    close: () => redis?.close(),
  }
}

const tighter = (a: Rate | null, b: Rate): Rate =>
  a === null || !b.isAllowed || (a.isAllowed && b.remaining < a.remaining) ? b : a

export function rateHeaders({ limit, remaining, resetMs, isAllowed }: Rate): Record<string, string> {
  const seconds = String(Math.ceil(resetMs / 1000))
  return {
    'ratelimit-policy': `${limit};w=${SECONDS}`,
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': seconds,
    ...(isAllowed ? {} : { 'retry-after': seconds }),
  }
}

interface RedisCounter {
  readonly status: string
  rlflxIncr(args: readonly string[]): Promise<unknown>
  close(): void
}

function limiterOf(options: { points: number; keyPrefix: string }, redis: RedisCounter | null): Limiter {
  const memory = new RateLimiterMemory({ ...options, duration: SECONDS })
  const limiter: RateLimiterAbstract =
    redis === null
      ? memory
      : new RateLimiterRedis({
          ...options,
          duration: SECONDS,
          storeClient: redis,
          rejectIfRedisNotReady: true,
          insuranceLimiter: memory,
          // Whoever is over the limit costs Redis nothing more.
          inMemoryBlockOnConsumed: options.points + 1,
        })
  const { points: limit } = options
  const rate = (isAllowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): Rate => ({
    isAllowed,
    limit,
    remaining: Math.max(0, remainingPoints),
    resetMs: Math.max(0, msBeforeNext),
  })
  return async (key) => {
    try {
      return rate(true, await limiter.consume(key))
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return rate(false, refusal)
      // Neither could count: letting one more in does less harm than turning everyone away.
      return { isAllowed: true, limit, remaining: limit, resetMs: 0 }
    }
  }
}

function connect(url: string, onRedis: (isConnected: boolean) => void): RedisCounter {
  let isConnected: boolean | null = null
  const tell = (now: boolean): void => {
    if (isConnected !== now) onRedis(now)
    isConnected = now
  }
  const link = openLink({ url, poolSize: 1, onReady: () => tell(true), onError: () => tell(false) })
  return {
    get status() {
      try {
        return link.client().status
      } catch {
        return 'end'
      }
    },
    rlflxIncr: ([key = '', ...args]) => link.client().eval(COUNT, 1, key, ...args),
    close: () => link.close(),
  }
}
