/** The one error class, with the contract's closed list of codes. Expected outcomes are values, not errors. */

export const ERROR_CODES = [
  'UNKNOWN_SYMBOL',
  'NOT_LISTED',
  'NOT_AUTHORITATIVE',
  'SOURCE_UNAVAILABLE',
  'SNAPSHOT_NOT_FOUND',
  'RESUME_EXPIRED',
  'SLOW_CONSUMER',
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
  'INTERNAL_SERVER_ERROR',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

/** Facts that travel in `errors[].extensions` beside the code. Instants are epoch milliseconds here. */
export interface ErrorFacts {
  /** When to ask again. */
  readonly retryAt?: number
  /** The oldest instant (SNAPSHOT_NOT_FOUND) or cursor (RESUME_EXPIRED) still held; null when nothing is. */
  readonly earliest?: number | string | null
  readonly argument?: string
  readonly limit?: number | string
}

/** Codes worth asking again for, unchanged. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['SOURCE_UNAVAILABLE', 'RATE_LIMITED', 'SLOW_CONSUMER'])

export class FacadeError extends Error {
  readonly code: ErrorCode
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message)
    this.name = 'FacadeError'
    this.code = code
    this.facts = facts
  }

  get isRetryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}

/** One answer of a batch: the others still answer when this one could not. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: FacadeError }

export const answered = <T>(value: T): Outcome<T> => ({ ok: true, value })

export const refused = (code: ErrorCode, message: string, facts?: ErrorFacts): Outcome<never> => ({
  ok: false,
  error: new FacadeError(code, message, facts),
})
