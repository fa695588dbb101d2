/**
 * The command line: serve | demo | replay | record | verify. Knows arguments, signals and exit codes, and little else.
 * The house itself is loaded late, so that a mistake is told at once.
 */
import { parseArgs } from 'node:util'
import type { App } from './app.ts'
import { ConfigError, loadConfig } from './config.ts'
import type { LoadedConfig, SourceConfig } from './config.ts'
import { SOURCES, SOURCE_NAMES } from './domain/market.ts'
import type { Source } from './domain/market.ts'
import type { Replay } from './sim/replay.ts'

const USAGE = `usage: main.ts serve
       main.ts demo
       main.ts replay DIR [--speed N|max]
       main.ts record [--venues binance,okx,…] [--symbols BTC-USD,…] [--minutes N] [--out DIR]
       main.ts verify ID|FILE`

type Command = (args: readonly string[]) => Promise<void>

const COMMANDS: Readonly<Record<string, Command>> = { serve, demo, replay, record, verify }

/** What was typed is wrong: the usage is shown and the exit code is 2. */
class UsageError extends Error {}

async function serve(): Promise<void> {
  const app = await run(loadConfig(process.env))
  say(`CryptoRun facade ready at ${app.url}`)
  await app.facade.settled()
  sayUnreachable(app)
}

async function demo(): Promise<void> {
  const config = loadConfig({ ...UNCOUNTED, ...process.env })
  const { systemClock } = await import('./app.ts')
  const { startSimulation } = await import('./sim/simulation.ts')
  const simulation = await startSimulation({ seed: 1, symbols: config.symbols, now: systemClock.now })
  const app = await run(pointedAt(config, simulation.endpoints), () => simulation.close())
  await app.facade.settled()
  say(`CryptoRun facade ready at ${app.url} (SIMULATED venues; faults: ${simulation.controlUrl})`)
  say(`Open it in a browser, or try:\n\n${curlLine(app.url)}\n`)
}

/** Whoever tries the demo out may try how much it takes: there is no source behind it to be spared. */
const UNCOUNTED = { RATE_LIMIT_PER_MINUTE: '0', RATE_LIMIT_PRINCIPAL_PER_MINUTE: '0' }

async function replay(args: readonly string[]): Promise<void> {
  const { values, positionals } = read(args, { speed: { type: 'string', default: '1' } })
  const [directory] = positionals
  const speed = values['speed'] === 'max' ? Number.POSITIVE_INFINITY : Number(values['speed'])
  if (directory === undefined || !(speed > 0)) throw new UsageError()
  const config = loadConfig(process.env)
  const { systemClock } = await import('./app.ts')
  const { startReplay } = await import('./sim/replay.ts')
  const recorded = await startReplay({ directory, speed, now: systemClock.now })
  const app = await run(pointedAt(config, recorded.endpoints), () => recorded.close())
  await app.facade.settled()
  say(`CryptoRun facade ready at ${app.url} (REPLAY of ${directory})`)
  for (const { file, reason } of recorded.skipped) say(`  left out ${file}: ${reason}`)
  void recorded.finished.then(() => say(played(recorded)))
}

function played({ served }: Replay): string {
  const takes = served().takes.filter(({ isPlayed }) => isPlayed)
  const frames = takes.reduce((sum, take) => sum + take.frames, 0)
  return `Played ${takes.length} recordings, ${frames} frames. Still answering; Ctrl-C ends it.`
}

async function record(args: readonly string[]): Promise<void> {
  const { values } = read(args, {
    venues: { type: 'string' },
    symbols: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    out: { type: 'string' },
  })
  const config = loadConfig(process.env)
  const sources = listed(values['venues'])?.map((name) => name.toUpperCase()) ?? SOURCES
  const minutes = Number(values['minutes'])
  const unknown = sources.find((name) => !(SOURCES as readonly string[]).includes(name))
  if (unknown !== undefined || !(minutes > 0)) throw new UsageError()
  const { adaptersOf, systemClock } = await import('./app.ts')
  const { record: recordTraffic } = await import('./sim/record.ts')
  const early = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => early.abort())
  const directory =
    values['out'] ?? `recordings/${new Date(systemClock.now()).toISOString().replaceAll(':', '-')}`
  say(`Recording for ${minutes} minutes into ${directory}; Ctrl-C ends it early.`)
  const { files, failures } = await recordTraffic({
    ...adaptersOf(config, sources as readonly Source[]),
    symbols: listed(values['symbols']) ?? config.hotSymbols,
    minutes,
    directory,
    now: systemClock.now,
    signal: early.signal,
  })
  for (const { file, records } of files) say(`  ${file}: ${records} records`)
  for (const failure of failures) say(`  missing: ${failure}`)
  if (files.length === 0) process.exitCode = 1
}

async function verify(args: readonly string[]): Promise<void> {
  const [target] = read(args, {}).positionals
  if (target === undefined) throw new UsageError()
  const { verifyFile } = await import('./facade/verify.ts')
  const found = await verifyFile(target, async (ids) => {
    const config = loadConfig(process.env)
    const { heldRecords } = await import('./app.ts')
    return heldRecords(config, ids)
  })
  if (found.ok) {
    const how = found.isRecalculated ? 'hash right, calculated again to the same bytes' : 'hash right'
    say(`ok ${found.id}: ${found.kind} of ${found.symbol}, ${new Date(found.takenAt).toISOString()}; ${how}`)
    for (const part of found.restsOn) say(`   rests on ${part}, which is not here: verify it on its own`)
  } else {
    say(`failed ${found.id}: ${found.problem}`)
    process.exitCode = 1
  }
}

/** Starts the house and ties its life to the process's signals. */
async function run(config: LoadedConfig, afterwards = async (): Promise<void> => {}): Promise<App> {
  const { createLogger, startApp } = await import('./app.ts')
  const logger = createLogger(config.logLevel)
  if (config.isSimulated) logger.warn('SIMULATED: prices here are made up')
  const app = await startApp(config, logger)
  let isLeaving = false
  const leave = (signal: NodeJS.Signals): void => {
    if (isLeaving) process.exit(1)
    isLeaving = true
    logger.info({ signal }, 'leaving')
    void app
      .close()
      .then(afterwards)
      .finally(() => process.exit(0))
  }
  process.on('SIGTERM', leave)
  process.on('SIGINT', leave)
  return app
}

type Endpoints = Readonly<Record<string, Partial<SourceConfig>>>

/** The same configuration with local servers in place of the live sources; sources without one are off. */
export function pointedAt(config: LoadedConfig, endpoints: Endpoints): LoadedConfig {
  const pointed = (source: Source): SourceConfig => {
    const local = endpoints[source.toLowerCase()]
    return local === undefined ? { isEnabled: false } : { ...config.sources[source], ...local }
  }
  const sources = Object.fromEntries(SOURCES.map((source) => [source, pointed(source)]))
  return { ...config, sources: sources as LoadedConfig['sources'], isSimulated: true }
}

function sayUnreachable({ facade }: App): void {
  for (const { source, status, reason } of facade.health().sources) {
    if (status !== 'OK') say(`${SOURCE_NAMES[source]}: ${reason ?? status}`)
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const curlLine = (url: string): string =>
  `  curl -s ${url} -H 'content-type: application/json' \\\n` +
  `    -d '{"query":"{ market(symbol: \\"BTC-USD\\") { price { value attribution { text } } } }"}'`

type Options = Readonly<Record<string, { readonly type: 'string'; readonly default?: string }>>

function read(args: readonly string[], options: Options) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { values: values as Readonly<Record<string, string | undefined>>, positionals }
  } catch {
    throw new UsageError()
  }
}

const listed = (names: string | undefined): readonly string[] | undefined =>
  names?.split(',').map((name) => name.trim())

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  const command = COMMANDS[name]
  try {
    if (command === undefined) throw new UsageError()
    await command(args)
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${USAGE}\n`)
      process.exit(2)
    }
    // Configuration and the port are the operator's to mend: one line, no stack.
    process.stderr.write(`${isTheirs(error) ? error.message : String((error as Error).stack)}\n`)
    process.exit(1)
  }
}

const LISTENING = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND']

const isTheirs = (error: unknown): error is Error =>
  error instanceof ConfigError || LISTENING.includes(String((error as NodeJS.ErrnoException).code))

if (import.meta.main) await main(process.argv.slice(2))
