/**
 * Answers for an instant in the past: from immutable records alone, never from a source. A record is made
 * into an answer once, so that the same question gets the same object and the same bytes.
 */
import type { Instant } from '../../domain/attribution.ts'
import { answered } from '../../domain/errors.ts'
import type { Outcome } from '../../domain/errors.ts'
import type { Recorded, Snapshots } from '../snapshots.ts'

export interface Past<T> {
  /** One outcome a request, in order; one round trip for each distinct instant. */
  read(
    requests: readonly { readonly subject: string; readonly at: Instant }[],
  ): Promise<readonly Outcome<T>[]>
}

export function createPast<T>(snapshots: Snapshots, view: (recorded: Recorded) => T): Past<T> {
  const views = new WeakMap<Recorded, Outcome<T>>()

  const viewOf = (outcome: Outcome<Recorded>): Outcome<T> => {
    if (!outcome.ok) return outcome
    let known = views.get(outcome.value)
    if (known === undefined) {
      known = answered(view(outcome.value))
      views.set(outcome.value, known)
    }
    return known
  }

  return {
    async read(requests) {
      const instants = [...new Set(requests.map(({ at }) => at))]
      const found = new Map(
        await Promise.all(
          instants.map(async (at) => {
            const subjects = [...new Set(requests.flatMap((each) => (each.at === at ? [each.subject] : [])))]
            const outcomes = await snapshots.asOf(subjects, at)
            return [at, new Map(subjects.map((subject, index) => [subject, outcomes[index]]))] as const
          }),
        ),
      )
      return requests.map(({ subject, at }) => {
        const outcome = found.get(at)?.get(subject)
        if (outcome === undefined) throw new Error(`no outcome for ${subject}`)
        return viewOf(outcome)
      })
    },
  }
}
