/** A batch in two: what is asked of the past goes to the records, the rest to the present; answers in order. */
import type { Outcome } from '../../domain/errors.ts'
import type { Instant } from '../../domain/attribution.ts'

export async function split<R extends { readonly asOf: Instant | null }, T>(
  requests: readonly R[],
  refusal: (request: R) => Outcome<never> | null,
  present: (requests: readonly R[]) => Promise<readonly Outcome<T>[]>,
  past: (requests: readonly (R & { readonly asOf: Instant })[]) => Promise<readonly Outcome<T>[]>,
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
    now.length === 0 ? [] : present(at(now)),
    then.length === 0 ? [] : past(at(then) as (R & { readonly asOf: Instant })[]),
  ])
  for (const [position, index] of now.entries()) outcomes[index] = fresh[position] as Outcome<T>
  for (const [position, index] of then.entries()) outcomes[index] = recorded[position] as Outcome<T>
  return outcomes
}
