/**
 * Captures what sources say, frame by frame and answer by answer, in the format `replay` reads. Hides connections
 * that break (each life is a file) and the pace a source allows.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { baseOf, quoteOf } from '../domain/market.ts'
import type { Listing, MarketSymbol, Perpetual } from '../domain/market.ts'
import { rowsIn } from './recordable.ts'
import type { RecordableEndpoints, RecordableRequest, RecordableSource } from './recordable.ts'
import { openRecording } from './recording.ts'
import type { Recording } from './recording.ts'

export interface RecordOptions {
  /** Our adapters, taken by shape. */
  readonly sources: readonly RecordableSource[]
  /** By the source's name in lower case. */
  readonly endpoints: Readonly<Record<string, RecordableEndpoints>>
  readonly symbols: readonly MarketSymbol[]
  readonly minutes: number
  readonly directory: string
  readonly now: () => number
  /** Ends it early, files closed properly. */
  readonly signal?: AbortSignal
  readonly userAgent?: string
  /** Between two REST requests to one source. */
  readonly restPaceMs?: number
}

export interface RecordedFiles {
  readonly files: readonly { readonly file: string; readonly records: number }[]
  /** What could not be had, in words. */
  readonly failures: readonly string[]
}

const QUOTES_EVERY_MS = 30_000
const RECONNECT_MS = 2_000

interface Run {
  readonly options: RecordOptions
  readonly ended: AbortSignal
  readonly files: { readonly file: string; readonly records: number }[]
  readonly failures: string[]
}

export async function record(options: RecordOptions): Promise<RecordedFiles> {
  const over = AbortSignal.timeout(Math.max(1, options.minutes * 60_000))
  const ended = options.signal === undefined ? over : AbortSignal.any([over, options.signal])
  const run: Run = { options, ended, files: [], failures: [] }
  await Promise.all(options.sources.map((source) => recordSource(source, run)))
  return { files: run.files, failures: run.failures }
}

async function recordSource(source: RecordableSource, run: Run): Promise<void> {
  const { options } = run
  const endpoints = options.endpoints[source.id.toLowerCase()] ?? {}
  const rest = openRecording({
    directory: options.directory,
    source: source.id,
    name: 'rest',
    url: endpoints.rest_url ?? '',
    now: options.now,
  })
  const ask = asker(source, { endpoints, rest, run })
  const listings =
    source.listings === undefined
      ? coinsOf(source, options.symbols)
      : chosen(rowsIn<Listing>(await ask(source.listings())), options.symbols)
  await Promise.all([
    recordStreams(source, { endpoints, listings, run }),
    recordRest(source, { listings, ask, run }),
  ])
  await closeRecording(rest, run)
}

async function closeRecording(recording: Recording, { files }: Run): Promise<void> {
  if (recording.count() > 0) files.push({ file: recording.file, records: recording.count() })
  await recording.close()
}

/** The symbols asked for; where a venue has no dollars, their tether markets, which stand in for them. */
function chosen(listings: readonly Listing[], symbols: readonly MarketSymbol[]): readonly Listing[] {
  const listed = new Set(listings.map(({ symbol }) => symbol))
  const wanted = new Set(
    symbols.map((symbol) =>
      listed.has(symbol) || quoteOf(symbol) !== 'USD' ? symbol : `${baseOf(symbol)}-USDT`,
    ),
  )
  return listings.filter(({ symbol }) => wanted.has(symbol))
}

const coinsOf = (source: RecordableSource, symbols: readonly MarketSymbol[]): readonly Listing[] =>
  symbols.flatMap((symbol) => {
    const spelling = source.coins?.[baseOf(symbol)]
    return spelling === undefined || quoteOf(symbol) !== 'USD'
      ? []
      : [{ source: source.id, symbol, spelling }]
  })

type Ask = (request: RecordableRequest) => Promise<unknown>

/** Asks one question after the other, and keeps the answer as it came. */
function asker(
  source: RecordableSource,
  {
    endpoints,
    rest,
    run,
  }: { readonly endpoints: RecordableEndpoints; readonly rest: Recording; readonly run: Run },
): Ask {
  const { userAgent = 'cryptorun-facade', restPaceMs = 300 } = run.options
  let turn: Promise<unknown> = Promise.resolve()
  const askNow = async (request: RecordableRequest): Promise<unknown> => {
    const root = request.host === 'futures' ? endpoints.futures_rest_url : endpoints.rest_url
    if (root === undefined || run.ended.aborted) return null
    const url = `${root}${request.path}`
    try {
      const signal = AbortSignal.any([run.ended, AbortSignal.timeout(10_000)])
      const response = await fetch(url, { headers: { ...request.headers, 'user-agent': userAgent }, signal })
      const raw = await response.text()
      rest.add({ k: 'http', url, status: response.status, raw })
      return request.read({
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: raw,
      })
    } catch (error) {
      if (!run.ended.aborted) run.failures.push(`${source.id} ${request.path}: ${reasonOf(error)}`)
      return null
    } finally {
      await pause(restPaceMs, run.ended)
    }
  }
  return (request) => {
    const answer = turn.then(() => askNow(request))
    turn = answer
    return answer
  }
}

interface RestParts {
  readonly listings: readonly Listing[]
  readonly ask: Ask
  readonly run: Run
}

async function recordRest(source: RecordableSource, { listings, ask, run }: RestParts): Promise<void> {
  // Books first: a chain of updates is worth nothing without the snapshot it starts from.
  for (const listing of listings) if (source.depth !== undefined) await ask(source.depth(listing))
  const at = run.options.now()
  for (const listing of listings) {
    if (source.recentTrades !== undefined) await ask(source.recentTrades(listing))
    for (const [interval, length] of [
      ['M1', 60_000],
      ['H1', 3_600_000],
    ] as const) {
      const to = Math.floor(at / length) * length + length
      if (source.candles !== undefined)
        await ask(source.candles.request(listing, interval, { from: to - 200 * length, to, now: at }))
    }
  }
  await recordDerivatives(source, { listings, ask, run })
  while (!run.ended.aborted) {
    for (const request of source.quotes(listings, {})) await ask(request)
    await pause(QUOTES_EVERY_MS, run.ended)
  }
}

async function recordDerivatives({ derivatives }: RecordableSource, { ask, run }: RestParts): Promise<void> {
  if (derivatives === undefined) return
  const wanted = new Set(run.options.symbols)
  const perpetuals = rowsIn<Perpetual>(await ask(derivatives.perpetuals())).filter(({ symbol }) =>
    wanted.has(symbol),
  )
  const { requests, intervals, marks } = derivatives.funding(perpetuals)
  for (const request of [...requests, intervals, marks, ...derivatives.openInterest(perpetuals)])
    if (request !== undefined) await ask(request)
}

interface StreamParts {
  readonly endpoints: RecordableEndpoints
  readonly listings: readonly Listing[]
  readonly run: Run
}

interface Connection {
  readonly url: string
  readonly name: string
  readonly frames: readonly string[]
}

async function recordStreams(source: RecordableSource, parts: StreamParts): Promise<void> {
  await Promise.all(
    connectionsOf(source, parts).map((connection) => recordConnection(source, connection, parts.run)),
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

async function recordConnection(source: RecordableSource, connection: Connection, run: Run): Promise<void> {
  for (let life = 1; !run.ended.aborted; life++) {
    const name = life === 1 ? connection.name : `${connection.name}-${life}`
    const { directory, now } = run.options
    const recording = openRecording({ directory, source: source.id, name, url: connection.url, now })
    const reason = await listen(source, { connection, recording, run })
    await closeRecording(recording, run)
    if (reason !== null) run.failures.push(`${source.id} ${connection.url}: ${reason}`)
    await pause(RECONNECT_MS, run.ended)
  }
}

interface Listening {
  readonly connection: Connection
  readonly recording: Recording
  readonly run: Run
}

/** Until the connection ends (why), or the time is up (null). */
function listen(source: RecordableSource, { connection, recording, run }: Listening): Promise<string | null> {
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
    socket.on('message', (data: Buffer) => recording.add({ k: 'rx', raw: data.toString('utf8') }))
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

async function pause(ms: number, ended: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: ended }).catch(() => {})
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export type { RecordableSource, RecordableEndpoints } from './recordable.ts'
