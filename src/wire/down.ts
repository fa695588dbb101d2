/** The words of a link: what it is told about its venue, what it hands out, and why it went down. */

/** What the venue's facts say about one connection. */
export interface LinkNumbers {
  readonly keepalive?: { readonly everyMs: number; readonly frame: string }
  readonly silenceMs: number
  readonly lifetimeMs: number | null
  readonly sendsPerSecond: number
  readonly connectsPerMinute: number
  readonly maxFrameBytes: number
}

/**
 * refused: never opened · closed: the venue hung up · silent: nothing came for too long · oversized: a frame
 * beyond the limit (1009) · fragmented: too many pieces (1008) · broken: any other fault of the wire.
 */
export type DownKind = 'refused' | 'closed' | 'silent' | 'oversized' | 'fragmented' | 'broken'

export interface Down {
  readonly kind: DownKind
  /** The close code, where there was one. */
  readonly code: number | null
  readonly message: string
}

export interface Connection {
  /** Rises by one with every socket of the link. */
  readonly id: number
  readonly isOpen: boolean
  /** Monotonic milliseconds of the last sign of life. */
  readonly heardAt: number
  /** Queued, and sent no faster than the venue allows. */
  send(frame: string): void
  /** Everything wanted flows here now: a predecessor may be closed. */
  ready(): void
}

/** What the socket library's error means to us. */
export const faultOf = (error: Error & { readonly code?: string }, isOpen: boolean): Down => {
  const message = error.message === '' ? (error.code ?? 'failed') : error.message
  if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return { kind: 'oversized', code: 1009, message }
  if (error.code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return { kind: 'fragmented', code: 1008, message }
  return { kind: isOpen ? 'broken' : 'refused', code: null, message }
}
