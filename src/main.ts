/** The command line: serve | demo | replay | record | verify. Knows signals and exit codes, and little else. */
import { createLogger, startApp, systemClock } from './app.ts'
import type { App } from './app.ts'
import { ConfigError, loadConfig } from './config.ts'
import type { Config, SourceConfig } from './config.ts'
import { SOURCES, SOURCE_NAMES } from './domain/market.ts'
import type { Source } from './domain/market.ts'
import { startSimulation } from './sim/simulation.ts'

const USAGE =
  'usage: main.ts serve | demo | replay DIR [--speed N] | record --venues … --symbols … --minutes N | verify ID|FILE'
const say = (line: string): void => void process.stdout.write(`${line}\n`)

type Command = (args: readonly string[]) => Promise<void>

const COMMANDS: Readonly<Record<string, Command>> = { serve, demo }

async function serve(): Promise<void> {
  const app = await run(loadConfig(process.env))
  say(`CryptoRun facade ready at ${app.url}`)
  await app.facade.settled()
  sayUnreachable(app)
}

async function demo(): Promise<void> {
  const config = loadConfig(process.env)
  const simulation = await startSimulation({ seed: 1, symbols: config.symbols, now: systemClock.now })
  const app = await run(pointedAt(config, simulation.endpoints), () => simulation.close())
  await app.facade.settled()
  say(`CryptoRun facade ready at ${app.url} (SIMULATED venues; faults: ${simulation.controlUrl})`)
  say(`Open it in a browser, or try:\n\n${curlLine(app.url)}\n`)
}

/** Starts the house and ties its life to the process's signals. */
async function run(config: Config, afterwards: () => Promise<void> = () => Promise.resolve()): Promise<App> {
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
export function pointedAt(config: Config, endpoints: Endpoints): Config {
  const pointed = (source: Source): SourceConfig => {
    const local = endpoints[source.toLowerCase()]
    return local === undefined ? { isEnabled: false } : { ...config.sources[source], ...local }
  }
  const sources = Object.fromEntries(SOURCES.map((source) => [source, pointed(source)]))
  return { ...config, sources: sources as Config['sources'], isSimulated: true }
}

function sayUnreachable({ facade }: App): void {
  for (const { source, status, reason } of facade.health().sources) {
    if (status !== 'OK') say(`${SOURCE_NAMES[source]}: ${reason ?? status}`)
  }
}

const curlLine = (url: string): string =>
  `  curl -s ${url} -H 'content-type: application/json' \\\n` +
  `    -d '{"query":"{ market(symbol: \\"BTC-USD\\") { price { value attribution { text } } } }"}'`

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  const command = COMMANDS[name]
  if (command === undefined) {
    process.stderr.write(`${USAGE}\n`)
    process.exitCode = 2
    return
  }
  try {
    await command(args)
  } catch (error) {
    // Configuration and the port are the operator's to mend: one line, no stack.
    const isTheirs = error instanceof ConfigError || (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    process.stderr.write(`${isTheirs ? (error as Error).message : String((error as Error).stack)}\n`)
    process.exit(1)
  }
}

if (import.meta.main) await main(process.argv.slice(2))
