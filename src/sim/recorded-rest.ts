/** Finds the recorded answer that fits a request best. Hides that hosts, limits and old paths differ from what was recorded. */
import type { Captures, Recorded } from './captures.ts'
import type { Source } from '../domain/market.ts'
import type { Answered, Asked, RestSide } from './site.ts'

/** Parameters that make a request another request. Ranges, limits and lists only make it longer or shorter. */
const NAMES = [
  'symbol',
  'instId',
  'product_id',
  'pair',
  'instType',
  'interval',
  'bar',
  'granularity',
  'assetVersion',
]

export interface RecordedRest extends RestSide {
  readonly served: () => Readonly<Record<string, number>>
}

/** `position` is the instant of the recording that is being played. */
export function recordedRest(
  source: Source,
  { answers, takes }: Captures,
  position: () => number,
): RecordedRest {
  const own = takes.filter(({ venue }) => venue === source)
  const isBesideStream = ({ at }: Recorded): boolean =>
    own.some(({ startedAt, endedAt }) => at >= startedAt && at <= endedAt)
  const byPath = new Map<string, (Recorded & { readonly query: URLSearchParams })[]>()
  for (const answer of answers.filter((candidate) => candidate.source === source)) {
    const { pathname, searchParams } = new URL(answer.url)
    const path = currentPath(pathname)
    const known = byPath.get(path) ?? []
    byPath.set(path, [...known, { ...answer, query: searchParams }])
  }
  const served: Record<string, number> = {}
  return {
    served: () => served,
    errorBody: () => ({ error: 'not recorded' }),
    answer: ({ path, query }: Asked): Answered => {
      const fitting = (byPath.get(path) ?? []).filter((recorded) => isSame(recorded.query, query))
      const good = fitting.filter(({ status }) => status === 200)
      // A book's snapshot from another day would never join the updates: what ran beside a stream comes first.
      const streamed = good.filter(isBesideStream)
      const chosen = inTime(streamed.length > 0 ? streamed : good.length > 0 ? good : fitting, position())
      if (chosen === undefined) return { status: 404, body: { error: 'not recorded' } }
      served[path] = (served[path] ?? 0) + 1
      return { status: chosen.status, body: chosen.body }
    },
  }
}

/** `/api/v1/depth` has become `/api/v3/depth`. */
const currentPath = (path: string): string => path.replace(/^\/api\/v1\//, '/api/v3/')

const isSame = (recorded: URLSearchParams, asked: URLSearchParams): boolean =>
  NAMES.every((name) => (recorded.get(name) ?? '') === (asked.get(name) ?? ''))

/** The newest not after the position, else the first to come. */
function inTime<T extends Recorded>(candidates: readonly T[], position: number): T | undefined {
  const ordered = candidates.toSorted((left, right) => left.at - right.at)
  return ordered.findLast(({ at }) => at <= position) ?? ordered[0]
}
