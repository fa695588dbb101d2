/**
 * The operations one socket runs, by message id: how each one's errors are told, how long it may take, and its span.
 * Hides when one is over: at its end, when its asker completes it, when the socket goes.
 */
import { randomUUID } from 'node:crypto'
import { getOperationAST } from 'graphql'
import type { DocumentNode } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import type { Logger } from 'pino'
import type { Presentation } from '../graphql/errors.ts'
import type { Deadline } from './deadline.ts'
import { flat } from './remembered.ts'
import type { Span, Tracer } from './spans.ts'

export interface Running {
  readonly presentation: Presentation
  readonly deadline: Deadline
  /** Says in its trace what it is. */
  describe(document: DocumentNode, operationName: string | null): void
}

export interface RunningParts {
  readonly logger: Logger
  readonly tracer: Tracer | null
  readonly newDeadline: () => Deadline
  readonly connectionId: string
  /** `traceparent` of the upgrade, for operations that bring none. */
  readonly traceparent: string | undefined
}

interface Held extends Running {
  readonly span: Span | null
  readonly facts: Record<string, string>
  isFault: boolean
}

export class RunningOperations {
  readonly #parts: RunningParts
  readonly #held = new Map<string, Held>()

  constructor(parts: RunningParts) {
    this.#parts = parts
  }

  begin(id: string, payload: SubscribePayload): Running {
    const { logger, tracer, newDeadline, connectionId, traceparent } = this.#parts
    const requestId = flat(randomUUID())
    const given = payload.extensions?.['traceparent']
    const held: Held = {
      deadline: newDeadline(),
      span:
        tracer?.start(
          'WS /graphql',
          { 'network.protocol.name': 'websocket', request_id: requestId, connection_id: connectionId },
          typeof given === 'string' ? given : traceparent,
        ) ?? null,
      facts: {},
      isFault: false,
      presentation: presentationOf(requestId, logger, () => (held.isFault = true)),
      describe(document, operationName) {
        if (held.span === null) return
        const operation = getOperationAST(document, operationName)
        if (!operation) return
        held.facts['graphql.operation.type'] = operation.operation
        if (operation.name) held.facts['graphql.operation.name'] = operation.name.value
      },
    }
    this.#held.set(id, held)
    return held
  }

  presentation(id: string): Presentation | undefined {
    return this.#held.get(id)?.presentation
  }

  /** It has been answered, with an error of this code where there was one. */
  end(id: string, code?: unknown): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    this.#held.delete(id)
    if (typeof code === 'string') held.facts['error.type'] = code
    held.span?.end(held.facts, held.isFault)
  }

  /** Gives up those that are not `wanted` any more. */
  leave(wanted: (id: string) => boolean): void {
    for (const [id, { deadline }] of this.#held) {
      if (wanted(id)) continue
      deadline.hangUp()
      this.end(id)
    }
  }
}

export const presentationOf = (requestId: string, logger: Logger, onFault?: () => void): Presentation => ({
  requestId,
  isHttp: false,
  report(error) {
    onFault?.()
    logger.error({ requestId, err: error }, 'an operation failed')
  },
})
