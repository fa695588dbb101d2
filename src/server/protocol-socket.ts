/**
 * One socket as graphql-ws wants to see it. Hides how what it says is counted and checked, how credentials are renewed,
 * and how a peer that breaks the rules is sent away.
 */
import { CloseCode } from 'graphql-ws'
import type { WebSocket as ProtocolSocket } from 'graphql-ws'
import type { Logger } from 'pino'
import type { Clock } from '../domain/clock.ts'
import type { Identity } from './auth.ts'
import type { Door } from './door.ts'
import type { OpenSocket } from './websocket.ts'

/** A peer that was told to go is cut off after this. */
const CUT_AFTER_MS = 2_000
/** Timers do not reach further than this. */
const LONGEST_MS = 2 ** 31 - 1

/** Remembers who this is, for as long as their credentials last. */
export function recognise(reader: OpenSocket, { principal, expiresAt }: Identity, clock: Clock): true {
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
export function wire(reader: OpenSocket, { logger, clock, door }: Wiring): ProtocolSocket {
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
        const text = String(data)
        read(text).catch((error: unknown) => {
          if (socket.readyState !== socket.OPEN) return
          logger.error({ connectionId, err: error }, 'a message could not be served')
          dismiss(reader, clock, CloseCode.InternalServerError, 'Internal server error')
        })
        // The library forgets a query that is completed while it runs; what works for it is told here.
        if (text.includes('"complete"')) reader.operations.leave((id) => id in reader.subscriptions)
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
