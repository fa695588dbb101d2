/**
 * A venue's own lists, fetched behind the scenes for as long as the facade runs: hourly while it answers, with a
 * growing pause while it does not. Hides timers and retries; whoever needs a list can wait for its first answer.
 */
import type { Clock } from '../domain/clock.ts'
import type { MarketSymbol } from '../domain/market.ts'
import type { Transport } from '../wire/http.ts'
import type { Request } from '../wire/request.ts'
import type { Cached } from './warm/cached.ts'

export interface List<T> {
  /** False until it has arrived. */
  readonly isKnown: boolean
  readonly rows: ReadonlyMap<MarketSymbol, T>
  /** Resolves once it has been answered or refused for the first time. */
  readonly settled: Promise<void>
  put(rows: readonly T[]): void
  settle(): void
}

export interface Followed<T> {
  /** Where it is kept. */
  readonly key: string
  readonly transport: Transport
  readonly request: () => Request<readonly T[]>
  readonly take: (rows: readonly T[]) => void
  readonly settle: () => void
}

export interface Follower {
  follow<T>(list: Followed<T>): void
  stop(): void
}

const RENEW_MS = 3_600_000
const KEPT_MS = 7 * 86_400_000
const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000

/** The first row of a symbol counts. */
export function createList<T extends { readonly symbol: MarketSymbol }>(): List<T> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const rows = new Map<MarketSymbol, T>()
  let isKnown = false
  return {
    get isKnown() {
      return isKnown
    },
    rows,
    settled: promise,
    put(all) {
      rows.clear()
      for (const row of all) if (!rows.has(row.symbol)) rows.set(row.symbol, row)
      isKnown = true
      resolve()
    },
    settle: resolve,
  }
}

export function createFollower({
  cached,
  clock,
}: {
  readonly cached: Cached
  readonly clock: Clock
}): Follower {
  const stops = new Set<() => void>()
  let isStopped = false

  const later = (ms: number, run: () => void): void => {
    if (isStopped) return
    const cancel = clock.after(ms, () => {
      stops.delete(cancel)
      run()
    })
    stops.add(cancel)
  }

  return {
    follow<T>({ key, transport, request, take, settle }: Followed<T>) {
      let retryMs = FIRST_RETRY_MS
      const ask = async (): Promise<void> => {
        const [got] = await cached.read<readonly T[]>([
          {
            key,
            ttlMs: RENEW_MS,
            staleMs: KEPT_MS,
            fetch: () => transport.send(request(), { priority: 'background' }),
          },
        ])
        if (isStopped) return
        if (got?.ok) take(got.entry.data)
        settle()
        const isCurrent = got?.ok === true && got.status !== 'STALE'
        retryMs = isCurrent ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS)
        later(isCurrent ? RENEW_MS : retryMs, () => void ask())
      }
      void ask()
    },
    stop() {
      isStopped = true
      for (const stop of stops) stop()
      stops.clear()
    },
  }
}
