/**
 * The seam for faster ways to answer than graphql-js. Everything here may say null, "not this one", and the
 * reference implementation then does it; so a server without any of it is complete, only slower.
 */
import type { Duplex } from 'node:stream'
import type { Presentation } from '../graphql/errors.ts'
import type { OperationContext } from '../graphql/schema.ts'

/** An operation as it was asked. Its document may not even parse: that too is a "not this one". */
export interface QuickOperation {
  readonly query: string
  readonly operationName: string | null
  readonly variables: Readonly<Record<string, unknown>>
  readonly context: OperationContext
}

/** One that arrived over a WebSocket; errors in its events are told as its presentation has it. */
export interface PresentedOperation extends QuickOperation {
  readonly presentation: Presentation
}

export interface Execution {
  /** The answer's JSON for a query that runs without any error. */
  query(operation: QuickOperation): Promise<string | null>
  /** Asked once per WebSocket, over the socket it runs on. */
  connect(socket: Duplex, close: Close): Connection
}

/** Closes the WebSocket with a code of its protocol. */
export type Close = (code: number, reason: string) => void

/** What one WebSocket's operations are answered through. */
export interface Connection {
  /**
   * Writes the subscription's `next` messages to the socket itself. The iterator yields nothing: it ends or
   * throws when the stream does, and lets go when returned. May throw what the resolver throws.
   */
  deliver(id: string, operation: PresentedOperation): AsyncIterableIterator<never> | null
  /** Writes a query's one `next` message to the socket itself; the iterator yields nothing and is at its end. */
  answer?(id: string, operation: QuickOperation): Promise<AsyncIterableIterator<never> | null>
  /** Writes what it still owes; called before anyone else writes to the socket. */
  flush(): void
}
