/** All sockets together. Hides how it is found out who is still there, and how they are let go. */
import type { WebSocket } from 'ws'
import type { Clock } from '../domain/clock.ts'

type Sockets = ReadonlySet<WebSocket>

const KEEP_ALIVE_MS = 12_000
/** Readers that are let go all at once come back all at once, to whoever is left; so they are let go in turns. */
const GOODBYES_AT_ONCE = 100
const GOODBYE_EVERY_MS = 10

/** Ends sockets whose peer left without a word. One timer for all. */
export function keepAlive(sockets: Sockets, clock: Clock): () => void {
  const silent = new WeakSet<WebSocket>()
  return clock.every(KEEP_ALIVE_MS, () => {
    for (const socket of sockets) {
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

/** Tells everyone that we are going away: a hundred at once, ten thousand within a second. */
export function sayGoodbye(sockets: Iterable<Pick<WebSocket, 'close'>>, clock: Clock): void {
  let count = 0
  for (const socket of sockets) {
    const turn = Math.floor(count++ / GOODBYES_AT_ONCE)
    if (turn === 0) socket.close(1001, 'Going away')
    else clock.after(turn * GOODBYE_EVERY_MS, () => socket.close(1001, 'Going away'))
  }
}
