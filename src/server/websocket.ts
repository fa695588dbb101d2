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
import { presentError } from '../graphql/errors.ts'
import type { Presentation } from '../graphql/errors.ts'
import type { Principal } from '../graphql/schema.ts'
import type { Identity } from './auth.ts'
import type { Door } from './door.ts'
import { execute, prepare, subscribe } from './operation.ts'
import type { OperationRules } from './operation.ts'
import type { Connection, Execution } from './quick.ts'
import type { Yoga } from './yoga.ts'

const MOST_MESSAGE_BYTES = 64 * 1024
const KEEP_ALIVE_MS = 12_000
/** A peer that was told to go is cut off after this. */
const CUT_AFTER_MS = 2_000
/** Readers that are let go all at once come back all at once, to whoever is left; so they are let go in turns. */
const GOODBYES_AT_ONCE = 100
const GOODBYE_EVERY_MS = 10
/** Timers do not reach further than this. */
const LONGEST_MS = 2 ** 31 - 1

export interface WebsocketParts {
  readonly yoga: Yoga
  readonly logger: Logger
  readonly clock: Clock
  readonly execution: Execution | null
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
  readonly hangUp: AbortController
  /** How errors of each running operation are presented, by message id. */
  readonly presentations: Map<string, Presentation>
  principal: Principal | null
  /** Stops waiting for the credentials to end. */
  stopExpiry: () => void
}

export function createWebsocket(parts: WebsocketParts): Websocket {
  const { yoga, logger, clock, execution, door = {}, rules = null } = parts
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
      const identity =
        door.greet === undefined ? NOBODY : await door.greet(extra.request, connectionParams ?? {})
      if (identity === null) return false
      return recognise(extra, identity, clock)
    },
    async onSubscribe({ extra, subscriptions }, id, payload) {
      const presentation = presentationOf(randomUUID(), logger)
      const refusal = await door.allow?.(extra, Object.keys(subscriptions).length)
      if (refusal) return [presentError(refusal, presentation)]
      return prepare({ yoga, reader: extra, id, payload, presentation, rules })
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
      connection: execution?.connect(request.socket, (code, reason) => socket.close(code, reason)) ?? null,
      hangUp: new AbortController(),
      presentations: new Map(),
      principal: null,
      stopExpiry: () => undefined,
    }
    const closed = protocol.opened(wire(extra, { logger, clock, door }), extra)
    socket.once('close', (code, reason) => {
      extra.hangUp.abort()
      extra.stopExpiry()
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
      let count = 0
      for (const socket of sockets.clients) {
        const turn = Math.floor(count++ / GOODBYES_AT_ONCE)
        if (turn === 0) socket.close(1001, 'Going away')
        else clock.after(turn * GOODBYE_EVERY_MS, () => socket.close(1001, 'Going away'))
      }
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

/** Remembers who this is, for as long as their credentials last. */
function recognise(reader: OpenSocket, { principal, expiresAt }: Identity, clock: Clock): true {
  reader.principal = principal
  reader.stopExpiry()
  if (expiresAt === null) reader.stopExpiry = () => undefined
  else {
    const left = Math.min(Math.max(0, expiresAt - clock.now()), LONGEST_MS)
    reader.stopExpiry = clock.after(left, () => dismiss(reader, clock, CloseCode.Forbidden, 'Token expired'))
  }
  return true
}

/** Closes, and cuts off whoever does not go. What still comes is read, or the close would be lost with it, and ignored. */
function dismiss({ socket, connection }: OpenSocket, clock: Clock, code: number, reason: string): void {
  if (socket.readyState !== socket.OPEN) return
  connection?.flush()
  socket.close(code, reason)
  const stop = clock.after(CUT_AFTER_MS, () => socket.terminate())
  socket.once('close', stop)
}

interface Wiring {
  readonly logger: Logger
  readonly clock: Clock
  readonly door: Door
}

/** One socket as graphql-ws wants to see it. */
function wire(reader: OpenSocket, { logger, clock, door }: Wiring): ProtocolSocket {
  const { socket, connection, connectionId } = reader
  const isHeard = (): boolean => {
    if (socket.readyState !== socket.OPEN) return false
    if (door.hear === undefined || door.hear(reader)) return true
    dismiss(reader, clock, TOO_MANY_MESSAGES, 'Too many messages')
    return false
  }
  const send = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      if (socket.readyState !== socket.OPEN) return resolve()
      connection?.flush()
      socket.send(text, (error) => (error ? reject(error) : resolve()))
    })
  socket.on('ping', isHeard)
  return {
    protocol: socket.protocol,
    send,
    close: (code, reason) => dismiss(reader, clock, code ?? CloseCode.InternalServerError, reason ?? ''),
    onMessage(read) {
      socket.on('message', (data, isBinary) => {
        if (!isHeard()) return
        if (isBinary) return dismiss(reader, clock, CloseCode.BadRequest, 'Invalid message received')
        read(String(data)).catch((error: unknown) => {
          if (socket.readyState !== socket.OPEN) return
          logger.error({ connectionId, err: error }, 'a message could not be served')
          dismiss(reader, clock, CloseCode.InternalServerError, 'Internal server error')
        })
      })
    },
    async onPing(payload = {}) {
      // Fresh credentials come with a ping, so that no socket has to be dropped for them.
      if (door.greet !== undefined && 'authorization' in payload) {
        const identity = await door.greet(reader.request, payload)
        if (identity === null) return dismiss(reader, clock, CloseCode.Forbidden, 'Forbidden')
        recognise(reader, identity, clock)
        const { expiresAt } = identity
        const until = expiresAt === null ? null : new Date(expiresAt).toISOString()
        return send(JSON.stringify({ type: 'pong', payload: { expiresAt: until } }))
      }
      const answer = Object.keys(payload).length === 0 ? {} : { payload }
      await send(JSON.stringify({ type: 'pong', ...answer }))
    },
  }
}

/** The protocol's own code for too many greetings serves for too many messages of any kind. */
const TOO_MANY_MESSAGES = 4429

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
