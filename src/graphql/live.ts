/**
 * Hands a stream to graphql-js. Version 17 asks the source of a subscription for its iterator twice, reads one and
 * returns the other: a stream that opens anew each time would be read by nobody once and never left. So it is
 * given the same iterator both times. Everything else of the stream shows through, for the shared fan-out.
 */
import type { Outcome } from '../domain/errors.ts'
import type { Stream } from '../facade/feed.ts'
import { unwrap } from './errors.ts'

/** @throws the outcome's FacadeError */
export function live<T>(outcome: Outcome<Stream<T>>): Stream<T> {
  const stream = unwrap(outcome)
  let iterator: AsyncIterator<T> | null = null
  return Object.create(stream, {
    [Symbol.asyncIterator]: { value: () => (iterator ??= stream[Symbol.asyncIterator]()) },
  }) as Stream<T>
}
