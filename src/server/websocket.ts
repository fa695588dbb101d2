/**
 * GraphQL over WebSocket, `graphql-transport-ws` and nothing else, on the port and path of HTTP. Hides the
 * protocol and its sockets; documents go through the same rules as over HTTP.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FormattedExecutionResult } from 'graphql'
import { handleProtocols, makeServer } from 'graphql-ws'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Clock } from '../domain/clock.ts'
import { presentError } from '../graphql/errors.ts'
import type { Principal } from '../graphql/schema.ts'
import type { Identity } from './auth.ts'
import { keepAlive, sayGoodbye } from './crowd.ts'
import type { Deadline } from './deadline.ts'
import type { Door } from './door.ts'
import { execute, prepare, subscribe } from './operation.ts'
import type { OperationRules } from './operation.ts'
import { recognise, wire } from './protocol-socket.ts'
import type { Connection, Execution } from './quick.ts'
import { flat } from './remembered.ts'
import { RunningOperations, presentationOf } from './running.ts'
import type { Tracer } from './spans.ts'
import type { Yoga } from './yoga.ts'

const MOST_MESSAGE_BYTES = 64 * 1024

export interface WebsocketParts {
  readonly yoga: Yoga
  readonly logger: Logger
  readonly clock: Clock
  readonly newDeadline: () => Deadline
  readonly execution: Execution | null
  readonly tracer?: Tracer | null
  readonly door?: Door
  readonly rules?: OperationRules | null
}

export interface Websocket {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  readonly size: number
  /** Tells every reader that we are going away; `cut` ends those that do not listen. */
  farewell(): void
  cut(): void
}

/** One connected client. */
export interface OpenSocket {
  readonly socket: WebSocket
  readonly request: IncomingMessage
  readonly connectionId: string
  readonly connection: Connection | null
  readonly operations: RunningOperations
  /** Those the library knows of, by message id. */
  subscriptions: Readonly<Record<string, unknown>>
  principal: Principal | null
  /** Stops waiting for the credentials to end. */
  stopExpiry: () => void
}

export function createWebsocket(parts: WebsocketParts): Websocket {
  const { yoga, logger, clock, newDeadline, execution, door = {}, rules = null, tracer = null } = parts
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE_BYTES,
    maxFragments: 32,
    maxBufferedChunks: 64,
    perMessageDeflate: false,
    handleProtocols,
  })
  const protocol = makeServer<Record<string, unknown> | undefined, OpenSocket>({
    async onConnect({ extra, connectionParams, subscriptions }) {
      extra.subscriptions = subscriptions
      const identity =
        door.greet === undefined ? NOBODY : await door.greet(extra.request, connectionParams ?? {})
      if (identity === null) return false
      return recognise(extra, identity, clock)
    },
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const running = extra.operations.begin(id, payload)
      const refusal = await door.allow?.(extra, Object.keys(subscriptions).length)
      if (refusal) return [presentError(refusal, running.presentation)]
      return prepare({ yoga, reader: extra, id, payload, running, rules })
    },
    execute,
    subscribe,
    onNext({ extra }, id, _payload, _args, result): FormattedExecutionResult | void {
      const presentation = extra.operations.presentation(id)
      if (presentation === undefined || !result.errors?.length) return
      const errors = result.errors.map((error) => presentError(error, presentation).toJSON())
      return result.data === undefined ? { errors } : { data: result.data, errors }
    },
    onError({ extra }, id, _payload, errors) {
      // One that its asker has completed has none of its own any more.
      const presentation = extra.operations.presentation(id) ?? presentationOf(randomUUID(), logger)
      const presented = errors.map((error) => presentError(error, presentation))
      extra.operations.end(id, presented[0]?.extensions['code'])
      return presented.map((error) => error.toJSON())
    },
    onComplete: ({ extra }, id) => extra.operations.end(id),
  })

  const open = (socket: WebSocket, request: IncomingMessage): void => {
    // Node puts it together from twenty pieces, which every idle reader would keep.
    const connectionId = flat(randomUUID())
    const traceparent = request.headers['traceparent']?.toString()
    const extra: OpenSocket = {
      socket,
      request,
      connectionId,
      connection: execution?.connect(request.socket, (code, reason) => socket.close(code, reason)) ?? null,
      operations: new RunningOperations({ logger, tracer, newDeadline, connectionId, traceparent }),
      subscriptions: {},
      principal: null,
      stopExpiry: () => undefined,
    }
    const closed = protocol.opened(wire(extra, { logger, clock, door }), extra)
    socket.once('close', (code, reason) => {
      extra.operations.leave(() => false)
      extra.stopExpiry()
      closed(code, String(reason)).catch((error: unknown) =>
        logger.error({ err: error }, 'a reader did not leave cleanly'),
      )
    })
    // The library has already closed with the right code (1009 too large, 1008 too many fragments, ...).
    socket.on('error', (error) => logger.debug({ connectionId, err: error }, 'a reader broke the rules'))
  }
  const stopPinging = keepAlive(sockets.clients, clock)

  return {
    get size() {
      return sockets.clients.size
    },
    upgrade(request, socket, head) {
      const refusal = door.admit?.(request)
      if (refusal) refuseUpgrade(socket, refusal)
      else sockets.handleUpgrade(request, socket, head, open)
    },
    farewell() {
      stopPinging()
      sayGoodbye(sockets.clients, clock)
    },
    cut() {
      for (const socket of sockets.clients) socket.terminate()
    },
  }
}

export function refuseUpgrade(socket: Duplex, { status, reason }: { status: number; reason: string }): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

const NOBODY: Identity = { principal: null, expiresAt: null }
