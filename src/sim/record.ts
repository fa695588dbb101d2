/**
 * Captures what sources say, frame by frame and answer by answer, in the format `replay` reads. Hides connections
 * that break (each life is a file) and the pace a source allows.
 */
import { baseOf, quoteOf } from '../domain/market.ts'
import type { Listing, MarketSymbol, Perpetual } from '../domain/market.ts'
import { closeRecording, pause, reasonOf } from './record-run.ts'
import type { Run } from './record-run.ts'
import { recordStreams } from './record-streams.ts'
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
  const { promise: heard, resolve: onHeard } = Promise.withResolvers<void>()
  await Promise.all([
    recordStreams(source, { endpoints, listings, run, onHeard }),
    recordRest(source, { listings, ask, run, heard }),
  ])
  await closeRecording(rest, run)
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
  /** Resolves when the source's stream has said its first word. */
  readonly heard: Promise<void>
}

/** A stream that has answered sends its first updates within this. */
const FIRST_UPDATES_MS = 500
const SILENT_AFTER_MS = 3_000

async function recordRest(source: RecordableSource, { listings, ask, run, heard }: RestParts): Promise<void> {
  // Books first, and while the stream runs: updates are worth nothing without a snapshot taken among them.
  if (source.stream !== undefined) {
    await Promise.race([heard, pause(SILENT_AFTER_MS, run.ended)])
    await pause(FIRST_UPDATES_MS, run.ended)
  }
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
  await recordDerivatives(source, { ask, run })
  while (!run.ended.aborted) {
    for (const request of source.quotes(listings, {})) await ask(request)
    await pause(QUOTES_EVERY_MS, run.ended)
  }
}

async function recordDerivatives(
  { derivatives }: RecordableSource,
  { ask, run }: Pick<RestParts, 'ask' | 'run'>,
): Promise<void> {
  if (derivatives === undefined) return
  const wanted = new Set(run.options.symbols)
  const perpetuals = rowsIn<Perpetual>(await ask(derivatives.perpetuals())).filter(({ symbol }) =>
    wanted.has(symbol),
  )
  const { requests, intervals, marks } = derivatives.funding(perpetuals)
  for (const request of [...requests, intervals, marks, ...derivatives.openInterest(perpetuals)])
    if (request !== undefined) await ask(request)
}

export type { RecordableSource, RecordableEndpoints } from './recordable.ts'
