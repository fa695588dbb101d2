/** How a Redis store is asked for, and what it adds to the contract. */
import type { Clock } from '../domain/clock.ts'
import type { StoreLogger } from './gate.ts'
import type { Store } from './store.ts'

export interface RedisStoreOptions {
  /** `redis://`, `rediss://`, `redis+cluster://h:p,h:p`, `redis+sentinel://h:p,h:p/master`. */
  readonly url: string
  readonly prefix: string
  readonly poolSize: number
  /** Commands unanswered in a row before the store counts as out of reach; at most 5. */
  readonly maxRetries: number
  readonly clock: Clock
  readonly logger?: StoreLogger
  /** Keeps this process's own records for the time Redis cannot be asked. */
  readonly fallback?: Store
  /** In [0, 1). */
  readonly random?: () => number
}

export interface RedisStore extends Store {
  /** True once Redis answers, false when it has not after so long. */
  ready(withinMs: number): Promise<boolean>
}
