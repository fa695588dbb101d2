/**
 * From a REST reply to a reading, the part that is the same everywhere: what the status says, whether the
 * body is JSON of the promised shape, and what the source's own refusal means. Knows no source.
 */
import { z } from 'zod'
import { explain, parseJson } from './json.ts'
import { reading, unreadable } from './request.ts'
import type { Failure, Reading, WireReply } from './request.ts'

export interface Reader<S extends z.ZodType, T> {
  readonly shape: S
  readonly take: (value: z.output<S>) => T
  /** The source's own "no", found in the body whatever the status. */
  readonly refusal?: (body: unknown, status: number) => Failure | null
  /** `undefined` when the text is not JSON. */
  readonly parse?: (text: string) => unknown
}

export function readReply<S extends z.ZodType, T>(reply: WireReply, reader: Reader<S, T>): Reading<T> {
  if (reply.status === 429 || reply.status === 418) {
    return unreadable('RATE_LIMITED', `answered ${reply.status}`, retryAfterMs(reply.headers))
  }
  const body = (reader.parse ?? parseJson)(reply.body)
  const refusal = reader.refusal?.(body, reply.status)
  if (refusal) return { ok: false, failure: withRetry(refusal, reply) }
  if (reply.status < 200 || reply.status > 299) {
    return unreadable('UNAVAILABLE', `answered ${reply.status}`, retryAfterMs(reply.headers))
  }
  if (body === undefined) return unreadable('MALFORMED', 'body is not JSON')
  const shaped = reader.shape.safeParse(body)
  if (!shaped.success) return unreadable('MALFORMED', explain('body', reader.shape, body))
  return reading(reader.take(shaped.data))
}

/**
 * `Retry-After` in relative milliseconds. Seconds as a rule; a date is measured against the reply's own
 * `Date`, so that no clock is needed.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>): number | undefined {
  const named = headers['retry-after']
  if (named === undefined) return undefined
  if (/^\d{1,9}$/.test(named.trim())) return Number(named) * 1000
  const wait = Date.parse(named) - Date.parse(headers['date'] ?? '')
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

function withRetry(failure: Failure, reply: WireReply): Failure {
  const wait = failure.reason === 'RATE_LIMITED' ? retryAfterMs(reply.headers) : undefined
  return wait === undefined || failure.retryAfterMs !== undefined
    ? failure
    : { ...failure, retryAfterMs: wait }
}

/**
 * A list of which the rows that fit are kept: one odd market must not cost the others. A list of which
 * nothing fits is another list.
 */
export const rowsOf = <S extends z.ZodType>(shape: S) =>
  z.array(z.unknown()).transform((rows, context): z.output<S>[] => {
    const sound: z.output<S>[] = []
    for (const row of rows) {
      const checked = shape.safeParse(row)
      if (checked.success) sound.push(checked.data)
    }
    if (rows.length > 0 && sound.length === 0) context.addIssue(explain('row', shape, rows[0]))
    return sound
  })

/** Groups of at most `size`, in order. */
export function inGroups<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  const groups: T[][] = []
  for (let at = 0; at < all.length; at += size) groups.push(all.slice(at, at + size))
  return groups
}
