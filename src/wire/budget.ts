/**
 * How much a source may still be asked. Hides the sliding minute: in no sixty seconds are more units spent
 * than the source allows, a part is kept back for people who wait for an answer, and what the source itself
 * counts or forbids (Retry-After) overrules our own count.
 */
import type { Quota } from '../domain/answer.ts'
import type { Clock } from '../domain/clock.ts'

export type Priority = 'user' | 'background'

export interface BudgetFacts {
  readonly unitsPerMinute: number
  /** What the source says it has counted in this window; null when the reply does not say. */
  readonly usedFrom?: (headers: Readonly<Record<string, string>>) => number | null
}

export interface SpendingBudget {
  /** Null when the units are spent; otherwise how long until they could be. */
  spend(units: number, priority: Priority): { readonly retryAfterMs: number } | null
  /** Takes over the source's own count where it is higher than ours: somebody else shares our address. */
  learn(headers: Readonly<Record<string, string>>): void
  /** The source said not to ask for so long. */
  block(ms: number): void
  quota(): Quota | null
  /** By how much regular refreshes should slow down to fit: 1 in comfort, rising as the minute fills. */
  stretch(): number
}

const WINDOW_MS = 60_000
/** Regular refreshes leave this share of the minute to people. */
const RESERVE = 0.2
const MAX_STRETCH = 12

interface Spent {
  readonly at: number
  readonly units: number
}

export function createBudget(facts: BudgetFacts, clock: Clock): SpendingBudget {
  const limit = facts.unitsPerMinute
  let spent: Spent[] = []
  let blockedUntil = Number.NEGATIVE_INFINITY

  const current = (): readonly Spent[] => {
    const from = clock.monotonic() - WINDOW_MS
    const first = spent.findIndex(({ at }) => at > from)
    if (first !== 0) spent = first === -1 ? [] : spent.slice(first)
    return spent
  }
  const used = (): number => current().reduce((sum, { units }) => sum + units, 0)
  const blockedForMs = (): number => Math.max(0, blockedUntil - clock.monotonic())

  /** Until enough of what was spent is a minute old. */
  const untilFree = (units: number): number => {
    let toFree = units
    for (const { at, units: old } of current()) {
      toFree -= old
      if (toFree <= 0) return at + WINDOW_MS - clock.monotonic()
    }
    return WINDOW_MS
  }

  return {
    spend(units, priority) {
      const blocked = blockedForMs()
      if (blocked > 0) return { retryAfterMs: blocked }
      // A request dearer than the whole minute is sent when the minute is empty, or it never would be.
      const most = priority === 'user' ? limit : Math.max(1, Math.floor(limit * (1 - RESERVE)))
      const cost = Math.min(units, most)
      const over = used() + cost - most
      if (over > 0) return { retryAfterMs: untilFree(over) }
      spent.push({ at: clock.monotonic(), units: cost })
      return null
    },
    learn(headers) {
      const theirs = facts.usedFrom?.(headers) ?? null
      if (theirs === null) return
      const unknown = Math.min(theirs, limit) - used()
      if (unknown > 0) spent.push({ at: clock.monotonic(), units: unknown })
    },
    block(ms) {
      blockedUntil = Math.max(blockedUntil, clock.monotonic() + ms)
    },
    quota() {
      if (!Number.isFinite(limit)) return null
      const blocked = blockedForMs()
      const newest = current().at(-1)
      const fullIn = newest === undefined ? 0 : newest.at + WINDOW_MS - clock.monotonic()
      return {
        remaining: blocked > 0 ? 0 : Math.max(0, Math.floor(limit - used())),
        resetAt: clock.now() + (blocked > 0 ? blocked : fullIn),
      }
    },
    stretch() {
      if (blockedForMs() > 0) return MAX_STRETCH
      const share = used() / limit
      // Settles where slowed-down demand and the share it leaves agree, always short of the whole budget.
      return share <= 0.5 ? 1 : Math.min(MAX_STRETCH, 0.5 / Math.max(1e-9, 1 - share))
    },
  }
}

/** The source's own budget, or the operator's where that is tighter. */
export const narrowed = <T extends BudgetFacts>(facts: T, requestsPerMinute: number | undefined): T =>
  requestsPerMinute === undefined || requestsPerMinute >= facts.unitsPerMinute
    ? facts
    : { ...facts, unitsPerMinute: requestsPerMinute }
