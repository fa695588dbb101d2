/** A REST request as a value: what to ask, and how to read the reply. `wire/http` performs it. */

/** Which of the source's configured base URLs the path hangs on. */
export type RestHost = 'rest' | 'futures'

export interface Request<T> {
  readonly host: RestHost
  /** From the venue's documented path on, with its query: `"/api/v3/depth?symbol=BTCUSDT&limit=1000"`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Cost in the source's own budget unit (Binance weight; 1 where the source counts calls). */
  readonly weight: number
  readonly read: (reply: WireReply) => Reading<T>
}

export interface WireReply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type FailureReason = 'UNAVAILABLE' | 'RATE_LIMITED' | 'MALFORMED' | 'NOT_LISTED' | 'CIRCUIT_OPEN'

export interface Failure {
  readonly reason: FailureReason
  /** For our log and health; never sent to a client as it is. */
  readonly message: string
  /** The source named a time to ask again (Retry-After), or our circuit or budget did. Relative milliseconds. */
  readonly retryAfterMs?: number
}

export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure }

export const reading = <T>(value: T): Reading<T> => ({ ok: true, value })

export const unreadable = (
  reason: FailureReason,
  message: string,
  retryAfterMs?: number,
): Reading<never> => ({
  ok: false,
  failure: retryAfterMs === undefined ? { reason, message } : { reason, message, retryAfterMs },
})
