/**
 * The whole house on free ports: simulated venues, the real adapters, the real server, and stock clients to
 * ask it with. Nothing in between is replaced.
 */
import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { WebSocket } from 'ws'
import { createLogger, startApp } from '../../src/app.ts'
import type { App } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { LoadedConfig } from '../../src/config.ts'
import type { MarketSymbol } from '../../src/domain/market.ts'
import { pointedAt } from '../../src/main.ts'
import { startSimulation } from '../../src/sim/simulation.ts'
import type { Simulation } from '../../src/sim/simulation.ts'
import { realClock } from './real-clock.ts'

export const SYMBOLS: readonly MarketSymbol[] = [
  ...['BTC-USD', 'ETH-USD', 'SOL-USD', 'XRP-USD', 'USDT-USD', 'USDC-USD'],
  ...['BTC-USDT', 'ETH-USDT', 'SOL-USDT'],
]
export const HOT: readonly MarketSymbol[] = ['BTC-USD', 'ETH-USD', 'BTC-USDT', 'ETH-USDT']

export interface Fault {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions: { readonly code: string } & Readonly<Record<string, unknown>>
}

export interface Answer<T> {
  readonly data?: T | null
  readonly errors?: readonly Fault[]
}

export interface Asked<T> extends Answer<T> {
  readonly status: number
  /** As it came over the wire. */
  readonly text: string
}

export interface House {
  readonly app: App
  readonly simulation: Simulation
  readonly config: LoadedConfig
  readonly url: string
  readonly wsUrl: string
  /** One POST. */
  ask<T = Record<string, unknown>>(query: string, variables?: object): Promise<Asked<T>>
  /** A stock WebSocket client, disposed of with the house. */
  client(): Client
  /** The first events of a subscription, errors included; then it is left. */
  listen<T = Record<string, unknown>>(
    query: string,
    variables?: object,
    isEnough?: IsEnough<T>,
  ): Promise<readonly Answer<T>[]>
  /** Leaves nothing behind: no port, no timer, no client. */
  close(): Promise<void>
}

/** How many events, or whether these will do. */
export type IsEnough<T> = number | ((events: readonly Answer<T>[]) => boolean)

export interface HouseOptions {
  readonly symbols?: readonly MarketSymbol[]
  readonly hotSymbols?: readonly MarketSymbol[]
  readonly seed?: number
  /** Of each living market; quicker than life, so that nobody waits for a quiet one. */
  readonly tradesPerSecond?: number
  /** Called on what `config/` and the simulator's addresses came to. */
  readonly change?: (config: LoadedConfig) => LoadedConfig
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const {
    symbols = SYMBOLS,
    hotSymbols = HOT,
    seed = 11,
    tradesPerSecond = 5,
    change = (config) => config,
  } = options
  const simulation = await startSimulation({ seed, symbols, tradesPerSecond, now: realClock.now })
  const shipped = { ...loadConfig({ LOG_LEVEL: 'silent' }), port: 0, symbols, hotSymbols }
  const config = change(pointedAt(shipped, simulation.endpoints))
  const app = await startApp(config, createLogger(config.logLevel))
  await app.facade.settled()
  await until(() => isInStep(app, hotSymbols), 'hot books in step')
  return { ...around(app, () => simulation.close()), simulation, config }
}

/** Stock clients around a running house, and the way to close all of it. */
export function around(
  app: App,
  afterwards: () => Promise<void> = async () => {},
): Omit<House, 'simulation' | 'config'> {
  const clients: Client[] = []
  const wsUrl = app.url.replace('http', 'ws')
  const client = (): Client => {
    const made = createClient({ url: wsUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
    clients.push(made)
    return made
  }
  return {
    app,
    url: app.url,
    wsUrl,
    client,
    async ask<T>(query: string, variables: object = {}) {
      const response = await fetch(app.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query, variables }),
      })
      const text = await response.text()
      return { ...(JSON.parse(text) as Answer<T>), status: response.status, text }
    },
    listen: (query, variables = {}, isEnough = 1) => listenTo(client(), { query, variables }, isEnough),
    async close() {
      for (const each of clients) await each.dispose()
      await app.close()
      await afterwards()
    },
  }
}

/** A refusal ends a subscription; it is handed out like the events before it. */
async function listenTo<T>(
  client: Client,
  { query, variables }: { readonly query: string; readonly variables: object },
  isEnough: IsEnough<T>,
): Promise<readonly Answer<T>[]> {
  const events: Answer<T>[] = []
  const isDone = (): boolean => (typeof isEnough === 'number' ? events.length >= isEnough : isEnough(events))
  try {
    for await (const event of client.iterate({ query, variables: { ...variables } })) {
      events.push(event as Answer<T>)
      if (isDone()) break
    }
  } catch (errors) {
    if (!Array.isArray(errors)) throw errors
    events.push({ errors: errors as Fault[] })
  }
  return events
}

function isInStep({ facade }: App, symbols: readonly MarketSymbol[]): boolean {
  return symbols.every((symbol) => {
    const mids = facade.hot.mids(symbol)
    return mids.length > 0 && mids.every(({ state }) => state === 'LIVE')
  })
}

/** Waits for what the venues' own beat brings. */
export async function until(isTrue: () => boolean, what: string, withinMs = 15_000): Promise<void> {
  const deadline = realClock.monotonic() + withinMs
  while (!isTrue()) {
    if (realClock.monotonic() > deadline) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
