/** Records a source's streams: each life of a connection is a file. Hides pacing, keepalives and reconnecting. */
import { WebSocket } from 'ws'
import type { Listing } from '../domain/market.ts'
import { closeRecording, pause, reasonOf } from './record-run.ts'
import type { Run } from './record-run.ts'
import type { RecordableEndpoints, RecordableSource } from './recordable.ts'
import { openRecording } from './recording.ts'
import type { Recording } from './recording.ts'

const RECONNECT_MS = 2_000

interface StreamParts {
  readonly endpoints: RecordableEndpoints
  readonly listings: readonly Listing[]
  readonly run: Run
  /** Called with every frame that came. */
  readonly onHeard: () => void
}

interface Connection {
  readonly url: string
  readonly name: string
  readonly frames: readonly string[]
}

export async function recordStreams(source: RecordableSource, parts: StreamParts): Promise<void> {
  await Promise.all(
    connectionsOf(source, parts).map((connection) => recordConnection(source, connection, parts)),
  )
}

function connectionsOf(
  source: RecordableSource,
  { endpoints, listings }: StreamParts,
): readonly Connection[] {
  const { stream } = source
  if (stream === undefined) return []
  const byUrl = new Map<
    string,
    { readonly channel: 'book' | 'trades' | 'candle'; readonly spelling: string }[]
  >()
  for (const channel of ['book', 'trades', 'candle'] as const) {
    const { endpoint, path } = stream.route(channel)
    const root = endpoints[endpoint]
    if (root === undefined) continue
    const wanted = byUrl.get(`${root}${path}`) ?? []
    wanted.push(...listings.map(({ spelling }) => ({ channel, spelling })))
    byUrl.set(`${root}${path}`, wanted)
  }
  const connections: Connection[] = []
  for (const [url, wanted] of byUrl) {
    for (let from = 0; from < wanted.length; from += stream.link.maxSubscriptionsPerConnection) {
      const frames = stream.subscribe(wanted.slice(from, from + stream.link.maxSubscriptionsPerConnection), 1)
      if (frames.length > 0)
        connections.push({
          url,
          name: `stream-${connections.length + 1}`,
          frames: [...(stream.greet ?? []), ...frames],
        })
    }
  }
  return connections
}

async function recordConnection(
  source: RecordableSource,
  connection: Connection,
  { run, onHeard }: StreamParts,
): Promise<void> {
  for (let life = 1; !run.ended.aborted; life++) {
    const name = life === 1 ? connection.name : `${connection.name}-${life}`
    const { directory, now } = run.options
    const recording = openRecording({ directory, source: source.id, name, url: connection.url, now })
    const reason = await listen(source, { connection, recording, run, onHeard })
    await closeRecording(recording, run)
    if (reason !== null) run.failures.push(`${source.id} ${connection.url}: ${reason}`)
    await pause(RECONNECT_MS, run.ended)
  }
}

interface Listening {
  readonly connection: Connection
  readonly recording: Recording
  readonly run: Run
  readonly onHeard: () => void
}

/** Until the connection ends (why), or the time is up (null). */
function listen(
  source: RecordableSource,
  { connection, recording, run, onHeard }: Listening,
): Promise<string | null> {
  const link = source.stream!.link
  const socket = new WebSocket(connection.url, { maxPayload: link.maxFrameBytes, perMessageDeflate: false })
  let fault: string | null = null
  const send = (raw: string): void => {
    if (socket.readyState !== socket.OPEN) return
    recording.add({ k: 'tx', raw })
    socket.send(raw)
  }
  const keepalive = link.keepalive
  const keeping =
    keepalive === undefined ? undefined : setInterval(() => send(keepalive.frame), keepalive.everyMs)
  const stop = (): void => socket.close(1000)
  run.ended.addEventListener('abort', stop, { once: true })
  return new Promise((resolve) => {
    socket.on('open', () => {
      recording.add({ k: 'open', url: connection.url })
      void sendPaced(connection.frames, { send, paceMs: 1000 / link.sendsPerSecond, ended: run.ended })
    })
    socket.on('message', (data: Buffer) => {
      recording.add({ k: 'rx', raw: data.toString('utf8') })
      onHeard()
    })
    socket.on('error', (error) => (fault = reasonOf(error)))
    socket.on('close', (code) => {
      clearInterval(keeping)
      run.ended.removeEventListener('abort', stop)
      resolve(run.ended.aborted ? null : (fault ?? `closed ${code}`))
    })
  })
}

async function sendPaced(
  frames: readonly string[],
  {
    send,
    paceMs,
    ended,
  }: { readonly send: (raw: string) => void; readonly paceMs: number; readonly ended: AbortSignal },
): Promise<void> {
  for (const frame of frames) {
    send(frame)
    await pause(paceMs, ended)
  }
}
