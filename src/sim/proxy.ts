/** A TCP proxy that misbehaves when told to: late, slow, deaf, corrupt or cut. Hides both sockets of every connection. */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** How bytes fare on their way from the server to the client; the client's own always arrive, but into a black hole. */
export interface Weather {
  /** Each byte arrives so much later, in order. */
  readonly latencyMs: number
  /** Bytes a second; Infinity for all there are. */
  readonly bytesPerSecond: number
  /** Swallows everything both ways and says so to nobody: no FIN, no RST. */
  readonly isBlackHole: boolean
  /** Flips a bit in one byte of so many; 0 for none. */
  readonly corruptOneIn: number
  /** New connections are reset at once. */
  readonly isRefusing: boolean
}

export const FAIR: Weather = {
  latencyMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  isBlackHole: false,
  corruptOneIn: 0,
  isRefusing: false,
}

export interface Proxy {
  readonly port: number
  /** From now on, for open and new connections alike; what is not named becomes fair. */
  readonly set: (weather: Partial<Weather>) => void
  /** Resets every open connection; answers how many there were. */
  readonly reset: () => number
  readonly counts: () => {
    readonly accepted: number
    readonly open: number
    readonly refused: number
    readonly corrupted: number
  }
  readonly close: () => Promise<void>
}

export interface ProxyOptions {
  readonly target: { readonly host?: string; readonly port: number }
  readonly host?: string
}

const SLICE_MS = 20

export async function startProxy({ target, host = '127.0.0.1' }: ProxyOptions): Promise<Proxy> {
  let weather = FAIR
  const counts = { accepted: 0, refused: 0, corrupted: 0, passed: 0 }
  const pairs = new Map<Socket, Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const later = (ms: number, run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
  }
  const spoil = (bytes: Buffer): Buffer => {
    if (weather.corruptOneIn === 0) return bytes
    const spoiled = Buffer.from(bytes)
    for (let at = 0; at < spoiled.length; at++) {
      if (++counts.passed % weather.corruptOneIn !== 0) continue
      spoiled[at] = spoiled[at]! ^ 0x10
      counts.corrupted++
    }
    return spoiled
  }
  const server = createServer((client) => {
    client.on('error', () => {})
    if (weather.isRefusing) {
      counts.refused++
      client.resetAndDestroy()
      return
    }
    counts.accepted++
    const upstream = connect({ host: target.host ?? '127.0.0.1', port: target.port })
    upstream.on('error', () => {})
    pairs.set(client, upstream)
    client.on('data', (bytes) => {
      if (!weather.isBlackHole) upstream.write(bytes)
    })
    pump(upstream, client, { weather: () => weather, spoil, later })
    const part = (other: Socket): void => {
      if (weather.isBlackHole) return
      pairs.delete(client)
      other.destroy()
    }
    client.on('close', () => part(upstream))
    // What is still on its way arrives first.
    upstream.on('close', () => later(weather.latencyMs, () => part(client)))
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const cut = (end: (socket: Socket) => void): number => {
    const open = [...pairs]
    pairs.clear()
    for (const sockets of open) for (const socket of sockets) end(socket)
    return open.length
  }
  return {
    port: (server.address() as AddressInfo).port,
    set: (next) => {
      weather = { ...FAIR, ...next }
    },
    reset: () => cut((socket) => socket.resetAndDestroy()),
    counts: () => ({
      accepted: counts.accepted,
      refused: counts.refused,
      corrupted: counts.corrupted,
      open: pairs.size,
    }),
    close: async () => {
      for (const timer of timers) clearTimeout(timer)
      cut((socket) => socket.destroy())
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface Pumping {
  readonly weather: () => Weather
  readonly spoil: (bytes: Buffer) => Buffer
  readonly later: (ms: number, run: () => void) => void
}

/** Server to client. Bytes that have to wait keep their order. */
function pump(from: Socket, to: Socket, { weather, spoil, later }: Pumping): void {
  const waiting: { bytes: Buffer; readonly due: number }[] = []
  let isWaiting = false
  const wait = (ms: number): void => {
    if (isWaiting) return
    isWaiting = true
    later(ms, drain)
  }
  const drain = (): void => {
    isWaiting = false
    const { bytesPerSecond, isBlackHole } = weather()
    if (isBlackHole) waiting.length = 0
    const at = performance.now()
    let allowance = Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1000))
    while (waiting.length > 0 && waiting[0]!.due <= at && allowance > 0) {
      const first = waiting[0]!
      const size = Math.min(allowance, first.bytes.length)
      to.write(first.bytes.subarray(0, size))
      allowance -= size
      if (size === first.bytes.length) waiting.shift()
      else first.bytes = first.bytes.subarray(size)
    }
    if (waiting.length === 0) from.resume()
    else wait(allowance > 0 ? Math.max(1, waiting[0]!.due - at) : SLICE_MS)
  }
  from.on('data', (raw) => {
    const { latencyMs, bytesPerSecond, isBlackHole } = weather()
    if (isBlackHole) return
    waiting.push({ bytes: spoil(raw), due: performance.now() + latencyMs })
    // A throttled reader holds the server back, as a slow line does.
    if (bytesPerSecond !== Number.POSITIVE_INFINITY) from.pause()
    if (latencyMs === 0 && !isWaiting) drain()
    else wait(latencyMs)
  })
}
