/**
 * GraphQL over WebSocket, `graphql-transport-ws` and nothing else, on the port and path of HTTP. Hides the
 * protocol and its sockets; documents go through the same rules as over HTTP.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FormattedExecutionResult } from 'graphql'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import type { WebSocket as ProtocolSocket } from 'graphql-ws'
import type { Logger } from 'pino'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Clock } from '../domain/clock.ts'
import type { FacadeError } from '../domain/errors.ts'
import { presentError } from '../graphql/errors.ts'
import type { Presentation } from '../graphql/errors.ts'
import type { Principal } from '../graphql/schema.ts'
import { execute, prepare, subscribe } from './operation.ts'
import type { Connection, Execution } from './quick.ts'
import type { Yoga } from './yoga.ts'

const MOST_MESSAGE_BYTES = 64 * 1024
const KEEP_ALIVE_MS = 12_000

export interface WebsocketParts {
  readonly yoga: Yoga
  readonly logger: Logger
  readonly clock: Clock
  readonly execution: Execution | null
  readonly door?: Door
}

/** Who may come in, and as whom. Everyone may where it is left out. */
export interface Door {
  /** Before the upgrade: a status to refuse with, or null. */
  admit?(request: IncomingMessage): { readonly status: number; readonly reason: string } | null
  /** On `connection_init`: false closes with 4403. */
  greet?(
    request: IncomingMessage,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<Principal | null | false>
  /** Before each operation: why it is not let in, or null. */
  allow?(reader: OpenSocket): FacadeError | null
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
  readonly hangUp: AbortController
  /** How errors of each running operation are presented, by message id. */
  readonly presentations: Map<string, Presentation>
  principal: Principal | null
}

export function createWebsocket({ yoga, logger, clock, execution, door = {} }: WebsocketParts): Websocket {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE_BYTES,
    maxFragments: 32,
    maxBufferedChunks: 64,
    perMessageDeflate: false,
    handleProtocols,
  })
  const protocol = makeServer<Record<string, unknown> | undefined, OpenSocket>({
    async onConnect({ extra, connectionParams }) {
      const principal = await door.greet?.(extra.request, connectionParams ?? {})
      if (principal === false) return false
      extra.principal = principal ?? null
      return true
    },
    onSubscribe({ extra }, id, payload) {
      const presentation = presentationOf(randomUUID(), logger)
      const refusal = door.allow?.(extra)
      if (refusal) return [presentError(refusal, presentation)]
      return prepare({ yoga, reader: extra, id, payload, presentation })
    },
    execute,
    subscribe,
    onNext({ extra }, id, _payload, _args, result): FormattedExecutionResult | void {
      const presentation = extra.presentations.get(id)
      if (presentation === undefined || !result.errors?.length) return
      const errors = result.errors.map((error) => presentError(error, presentation).toJSON())
      return result.data === undefined ? { errors } : { data: result.data, errors }
    },
    onError: ({ extra }, id, _payload, errors) => {
      const presentation = extra.presentations.get(id) ?? presentationOf(randomUUID(), logger)
      return errors.map((error) => presentError(error, presentation).toJSON())
    },
    onComplete: ({ extra }, id) => void extra.presentations.delete(id),
  })

  const open = (socket: WebSocket, request: IncomingMessage): void => {
    const extra: OpenSocket = {
      socket,
      request,
      connectionId: randomUUID(),
      connection: execution?.connect(request.socket) ?? null,
      hangUp: new AbortController(),
      presentations: new Map(),
      principal: null,
    }
    const closed = protocol.opened(wire(extra, logger), extra)
    socket.once('close', (code, reason) => {
      extra.hangUp.abort()
      closed(code, String(reason)).catch((error: unknown) =>
        logger.error({ err: error }, 'a reader did not leave cleanly'),
      )
    })
    // The library has already closed with the right code (1009 too large, 1008 too many fragments, ...).
    socket.on('error', (error) =>
      logger.debug({ connectionId: extra.connectionId, err: error }, 'a reader broke the rules'),
    )
  }
  const stopPinging = keepAlive(sockets, clock)

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
      for (const socket of sockets.clients) socket.close(1001, 'Going away')
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

/** One socket as graphql-ws wants to see it. */
function wire({ socket, connection, connectionId }: OpenSocket, logger: Logger): ProtocolSocket {
  return {
    protocol: socket.protocol,
    send: (text) =>
      new Promise((resolve, reject) => {
        if (socket.readyState !== socket.OPEN) return resolve()
        connection?.flush()
        socket.send(text, (error) => (error ? reject(error) : resolve()))
      }),
    close(code, reason) {
      connection?.flush()
      socket.close(code, reason)
    },
    onMessage(read) {
      socket.on('message', (data, isBinary) => {
        if (socket.readyState !== socket.OPEN) return
        if (isBinary) return socket.close(CloseCode.BadRequest, 'Invalid message received')
        read(String(data)).catch((error: unknown) => {
          if (socket.readyState !== socket.OPEN) return
          logger.error({ connectionId, err: error }, 'a message could not be served')
          socket.close(CloseCode.InternalServerError, 'Internal server error')
        })
      })
    },
  }
}

/** Ends sockets whose peer left without a word. One timer for all. */
function keepAlive(sockets: WebSocketServer, clock: Clock): () => void {
  const silent = new WeakSet<WebSocket>()
  return clock.every(KEEP_ALIVE_MS, () => {
    for (const socket of sockets.clients) {
      if (silent.has(socket)) {
        socket.terminate()
        continue
      }
      silent.add(socket)
      socket.once('pong', () => silent.delete(socket))
      socket.ping()
    }
  })
}

const presentationOf = (requestId: string, logger: Logger): Presentation => ({
  requestId,
  isHttp: false,
  report: (error) => logger.error({ requestId, err: error }, 'an operation failed'),
})
