/** A batch in two: what is asked of the past goes to the records, the rest to the present; answers in order. */
import type { Outcome } from '../../domain/errors.ts'
import type { Instant } from '../../domain/attribution.ts'

/** Who answers for now, and who for then. */
export interface Halves<R, T> {
  present(requests: readonly R[], signal?: AbortSignal): Promise<readonly Outcome<T>[]>
  past(requests: readonly (R & { readonly asOf: Instant })[]): Promise<readonly Outcome<T>[]>
}

export async function split<R extends { readonly asOf: Instant | null }, T>(
  requests: readonly R[],
  refusal: (request: R) => Outcome<never> | null,
  halves: Halves<R, T>,
  signal?: AbortSignal,
): Promise<readonly Outcome<T>[]> {
  const outcomes = Array.from<Outcome<T>>({ length: requests.length })
  const now: number[] = []
  const then: number[] = []
  for (const [index, request] of requests.entries()) {
    const no = refusal(request)
    if (no !== null) outcomes[index] = no
    else (request.asOf === null ? now : then).push(index)
  }
  const at = (indices: readonly number[]) => indices.map((index) => requests[index] as R)
  const [fresh, recorded] = await Promise.all([
    now.length === 0 ? [] : halves.present(at(now), signal),
    then.length === 0 ? [] : halves.past(at(then) as (R & { readonly asOf: Instant })[]),
  ])
  for (const [position, index] of now.entries()) outcomes[index] = fresh[position] as Outcome<T>
  for (const [position, index] of then.entries()) outcomes[index] = recorded[position] as Outcome<T>
  return outcomes
}
