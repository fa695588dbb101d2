/** A raw WebSocket reader for tests: keeps every text frame, and waits for what is asked of it. */
import { WebSocket } from 'ws'

export interface Reader {
  readonly frames: string[]
  readonly socket: WebSocket
  readonly send: (message: unknown) => void
  /** Resolves with the first frame that fits, past or coming. */
  readonly until: (fits: (frame: string) => boolean) => Promise<string>
  readonly closed: Promise<number>
  readonly close: () => void
}

export async function readerOf(url: string): Promise<Reader> {
  const socket = new WebSocket(url)
  const frames: string[] = []
  const waiting = new Set<{
    readonly fits: (frame: string) => boolean
    readonly resolve: (frame: string) => void
  }>()
  socket.on('message', (data: Buffer) => {
    const frame = data.toString('utf8')
    frames.push(frame)
    for (const waiter of waiting) {
      if (!waiter.fits(frame)) continue
      waiting.delete(waiter)
      waiter.resolve(frame)
    }
  })
  const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})
  return {
    frames,
    socket,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    until: (fits) => {
      const past = frames.find(fits)
      if (past !== undefined) return Promise.resolve(past)
      return new Promise((resolve) => waiting.add({ fits, resolve }))
    },
    close: () => socket.terminate(),
  }
}

/** Lets everything already sent over the loopback arrive: a ping answered after it. */
export async function settled(reader: Reader): Promise<void> {
  const answered = new Promise((resolve) => reader.socket.once('pong', resolve))
  reader.socket.ping()
  await answered
}
